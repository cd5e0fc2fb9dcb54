import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { StreamEvent } from "./events";
import { type News, Socket } from "./socket";

/** The other end of the wire, in the browser's own terms. */
class Wire extends EventTarget {
  static all: Wire[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  sent: { type: string; resume?: unknown; stream?: string }[] = [];
  onopen: () => void = () => {};
  onmessage: (message: { data: string }) => void = () => {};
  onclose: (event: { code: number }) => void = () => {};
  constructor() {
    super();
    Wire.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  accept() {
    this.readyState = Wire.OPEN;
    this.onopen();
  }
  batch(stream: string, ...seqs: number[]) {
    const events = seqs.map((seq) => ({ seq, type: "log", at: "", data: {} }));
    this.frame({ type: "batch", stream, seq: seqs.at(-1), data: { events } });
  }
  frame(frame: object) {
    this.onmessage({ data: JSON.stringify({ v: 1, epoch: "e1", ts: "", ...frame }) });
  }
}

const seqs = (news: News[]) => news.flatMap(({ events }) => events.map((event: StreamEvent) => event.seq));

beforeEach(() => {
  Wire.all = [];
  vi.stubGlobal("WebSocket", Wire);
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const soon = () => vi.advanceTimersByTime(2000);

function opened(): { socket: Socket; wire: Wire; news: News[] } {
  const socket = new Socket("ws://x/ws");
  const news: News[] = [];
  socket.subscribe("s", (item) => news.push(item));
  socket.open();
  const wire = Wire.all[0] as Wire;
  wire.accept();
  return { socket, wire, news };
}

it("resumes every stream after the last event it has seen", () => {
  const { wire, news } = opened();
  wire.batch("s", 1, 2, 3);
  wire.onclose({ code: 1006 });
  soon();
  const next = Wire.all[1] as Wire;
  next.accept();
  expect(next.sent[0]).toMatchObject({ type: "hello", resume: [{ stream: "s", after: 3, epoch: "e1" }] });
  next.batch("s", 3, 4);
  expect(seqs(news)).toEqual([1, 2, 3, 4]);
});

it("drops a frame that does not follow on, which an earlier subscription had asked for", () => {
  const { wire, news } = opened();
  wire.batch("s", 7, 8);
  wire.batch("s", 1, 2);
  expect(seqs(news)).toEqual([1, 2]);
});

it("tells of a gap where it is, and starts anew when the numbers are void", () => {
  const { wire, news } = opened();
  wire.frame({ type: "gap", stream: "s", seq: 0, data: { from: 1, to: 6 } });
  wire.batch("s", 7);
  wire.frame({ type: "gap", stream: "s", seq: 0, data: { from: 0, to: 0 } });
  expect(news.at(-1)).toEqual({ events: [], restart: true });
  wire.batch("s", 1);
  expect(seqs(news)).toEqual([6, 7, 1]);
  expect(news[0]?.events[0]).toMatchObject({ type: "stream.gap", data: { from: 1, to: 6 } });
});

it("gives a later listener all there was", () => {
  const { socket, wire } = opened();
  wire.batch("s", 1, 2);
  const late: News[] = [];
  socket.subscribe("s", (item) => late.push(item));
  wire.batch("s", 3);
  expect(seqs(late)).toEqual([1, 2, 3]);
});

it("takes a silent connection for dead", () => {
  const { socket } = opened();
  vi.advanceTimersByTime(50_000);
  expect(socket.state).toBe("lost");
});

it("does not come back when it is signed out", () => {
  const { socket, wire } = opened();
  wire.onclose({ code: 4401 });
  vi.advanceTimersByTime(60_000);
  expect(socket.state).toBe("signed-out");
  expect(Wire.all).toHaveLength(1);
});

it("opens the next connection before the one that is about to be cut", () => {
  const { socket, wire, news } = opened();
  wire.batch("s", 1);
  wire.frame({ type: "reconnect", stream: "", seq: 0, data: {} });
  soon();
  const next = Wire.all[1] as Wire;
  wire.batch("s", 2);
  expect([socket.state, wire.readyState]).toEqual(["open", Wire.OPEN]);
  next.accept();
  expect(next.sent[0]).toMatchObject({ type: "hello", resume: [{ stream: "s", after: 2 }] });
  expect(wire.readyState).toBe(3);
  next.batch("s", 2, 3);
  expect(seqs(news)).toEqual([1, 2, 3]);
});

it("says that it catches up until what was missed has come", () => {
  const { socket, wire } = opened();
  wire.onclose({ code: 1006 });
  soon();
  const next = Wire.all[1] as Wire;
  next.accept();
  expect(socket.state).toBe("catching-up");
  next.batch("s", 1);
  vi.advanceTimersByTime(300);
  expect(socket.state).toBe("open");
});

it("asks an open connection for proof when the network changes, and gives it up without", () => {
  const { socket, wire } = opened();
  dispatchEvent(new Event("online"));
  expect(wire.sent.at(-1)).toEqual({ type: "ping" });
  vi.advanceTimersByTime(3000);
  wire.frame({ type: "pong", stream: "", seq: 0, data: {} });
  vi.advanceTimersByTime(3000);
  expect(socket.state).toBe("open");
  dispatchEvent(new Event("offline"));
  vi.advanceTimersByTime(5000);
  expect(socket.state).toBe("lost");
});

it("keeps quiet while it is hidden, and comes back at once when it is looked at", async () => {
  const { wire } = opened();
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  vi.spyOn(Math, "random").mockReturnValue(0.99);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("down")));
  wire.onclose({ code: 1006 });
  for (let times = 0; times < 40; times++) await vi.advanceTimersByTimeAsync(20_000);
  const before = Wire.all.length;
  for (let times = 0; times < 60; times++) await vi.advanceTimersByTimeAsync(10_000);
  expect(Wire.all.length - before).toBeLessThan(8);
  // Until none is being opened.
  while (Wire.all.at(-1)?.readyState === 0) await vi.advanceTimersByTimeAsync(5000);
  const seen = Wire.all.length;
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(3000);
  expect(Wire.all).toHaveLength(seen + 1);
});

it("takes server-sent events where no WebSocket gets through, and a WebSocket as soon as one does", async () => {
  const body = () =>
    new ReadableStream<Uint8Array>({
      start(to) {
        to.enqueue(new TextEncoder().encode(': hello\n\nid: 1\nevent: log\ndata: {"seq":1,"type":"log","at":"","data":{}}\n\nid: 2\n'));
      },
    });
  const asked: [string, unknown][] = [];
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => {
    asked.push([address, new Headers(init.headers).get("Last-Event-ID")]);
    return Promise.resolve(new Response(body(), { headers: { "DevGem-Epoch": "e1" } }));
  });
  const socket = new Socket("ws://x/ws");
  const news: News[] = [];
  socket.subscribe("s", (item) => news.push(item));
  socket.open();
  for (const tries of [0, 1]) {
    (Wire.all[tries] as Wire).onclose({ code: 1006 });
    await vi.advanceTimersByTimeAsync(1000);
  }
  await vi.waitFor(() => expect(seqs(news)).toEqual([1]));
  expect(socket.state).toBe("sse");
  expect(asked[1]).toEqual(["http://x/api/v1/streams/s", "0"]);
  await vi.advanceTimersByTimeAsync(61_000);
  const next = Wire.all.at(-1) as Wire;
  next.accept();
  expect(next.sent[0]).toMatchObject({ resume: [{ stream: "s", after: 1, epoch: "e1" }] });
  socket.close();
});

it("holds the events of a long log once, and starts it anew for who comes with another question", () => {
  const { socket, wire, news } = opened();
  wire.batch("s", ...Array.from({ length: 6000 }, (_, at) => at + 1));
  const late: News[] = [];
  socket.subscribe("s", (item) => late.push(item));
  expect(wire.sent.slice(-2)).toMatchObject([{ type: "unsubscribe" }, { type: "subscribe", after: 0 }]);
  expect(news.at(-1)).toEqual({ events: [], restart: true });
  wire.batch("s", 1, 2);
  expect(seqs(late)).toEqual([1, 2]);
});
