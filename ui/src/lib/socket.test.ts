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
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

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
  vi.advanceTimersByTime(20_000);
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

it("goes on after a gap, and starts anew when the numbers are void", () => {
  const { wire, news } = opened();
  wire.frame({ type: "gap", stream: "s", seq: 0, data: { from: 1, to: 6 } });
  wire.batch("s", 7);
  wire.frame({ type: "gap", stream: "s", seq: 0, data: { from: 0, to: 0 } });
  expect(news.at(-1)).toEqual({ events: [], restart: true });
  wire.batch("s", 1);
  expect(seqs(news)).toEqual([7, 1]);
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
