/**
 * Streams by server-sent events, for networks that let no WebSocket through. A browser has six connections to a host,
 * so at most CONNECTIONS streams are listened to at once; one that has been quiet gives way to one that waits.
 */
import type { StreamEvent } from "./events";
import type { Position } from "./subscriptions";
import type { Wire, WireEvents } from "./wire";

const CONNECTIONS = 3;
const QUIET_MS = 3000;
const AGAIN_MS = 2000;
const SIGNED_OUT_STATUS = 401;
const SIGNED_OUT = 4401;
const EPOCH = "DevGem-Epoch";

export class SseWire implements Wire {
  readonly kind = "sse";
  private readonly after = new Map<string, number>();
  private readonly open = new Map<string, AbortController>();
  private waiting: string[] = [];
  private timers = new Set<ReturnType<typeof setTimeout>>();
  private isClosed = false;
  private epoch: string | null = null;

  constructor(
    private readonly origin: string,
    private readonly events: WireEvents,
  ) {
    this.session().then(
      () => this.isClosed || events.onReady(),
      () => this.isClosed || events.onLost(0),
    );
  }

  hello(positions: Position[]): void {
    for (const position of positions) this.subscribe(position);
  }

  subscribe({ stream, after, epoch }: Position): void {
    this.epoch ??= epoch;
    this.after.set(stream, after);
    this.waiting.push(stream);
    this.next();
  }

  unsubscribe(stream: string): void {
    this.after.delete(stream);
    this.waiting = this.waiting.filter((other) => other !== stream);
    this.open.get(stream)?.abort();
  }

  ping(): void {
    this.session().then(
      () => this.alive(),
      () => {},
    );
  }

  close(): void {
    this.isClosed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const control of this.open.values()) control.abort();
  }

  private session(): Promise<unknown> {
    return fetch(`${this.origin}/api/v1/session`, { cache: "no-store" });
  }

  private alive(): void {
    if (!this.isClosed) this.events.onLife();
  }

  private later(act: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.isClosed) act();
    }, ms);
    this.timers.add(timer);
  }

  private next(): void {
    while (!this.isClosed && this.open.size < CONNECTIONS) {
      const stream = this.waiting.shift();
      if (stream === undefined) return;
      if (this.after.has(stream) && !this.open.has(stream)) void this.follow(stream);
    }
  }

  private async follow(stream: string): Promise<void> {
    const control = new AbortController();
    this.open.set(stream, control);
    const givesWay = setInterval(() => {
      if (this.waiting.length > 0 && performance.now() - heard > QUIET_MS) control.abort();
    }, QUIET_MS);
    let heard = performance.now();
    let failed = false;
    try {
      for await (const events of this.read(stream, control.signal)) {
        this.alive();
        if (events.length > 0) {
          heard = performance.now();
          this.deliver(stream, events);
        }
      }
    } catch {
      failed = !control.signal.aborted;
    }
    clearInterval(givesWay);
    this.open.delete(stream);
    if (this.isClosed) return;
    if (failed && this.open.size === 0) return this.events.onLost(0);
    if (this.after.has(stream)) this.later(() => this.enqueue(stream), failed ? AGAIN_MS : 0);
    this.next();
  }

  private enqueue(stream: string): void {
    if (this.after.has(stream) && !this.open.has(stream) && !this.waiting.includes(stream)) this.waiting.push(stream);
    this.next();
  }

  private async *read(stream: string, signal: AbortSignal): AsyncGenerator<StreamEvent[]> {
    const after = this.after.get(stream) ?? 0;
    const address = `${this.origin}/api/v1/streams/${encodeURIComponent(stream)}`;
    const headers = { Accept: "text/event-stream", "Last-Event-ID": String(after) };
    const response = await fetch(address, { headers, signal, cache: "no-store" });
    if (response.status === SIGNED_OUT_STATUS) this.events.onLost(SIGNED_OUT);
    // What is not there, or not the user's, is as silent as on the socket.
    if (response.status === 404) this.after.delete(stream);
    if (!response.ok || !response.body) throw new Error(`${response.status}`);
    this.check(stream, response.headers.get(EPOCH));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const [events, left] = eventsIn(rest + part.value);
      rest = left;
      yield events;
    }
  }

  /** Another database's numbers mean nothing here. */
  private check(stream: string, epoch: string | null): void {
    if (this.epoch !== null && epoch !== null && epoch !== this.epoch) {
      this.events.onFrame({ type: "gap", stream, seq: 0, epoch, data: { from: 0, to: 0 } });
      this.after.set(stream, 0);
      this.epoch = epoch;
      throw new Error("another epoch");
    }
    this.epoch = epoch ?? this.epoch;
  }

  private deliver(stream: string, events: StreamEvent[]): void {
    const first = events[0] as StreamEvent;
    const last = events[events.length - 1] as StreamEvent;
    const after = this.after.get(stream);
    if (after === undefined) return;
    const epoch = this.epoch ?? "";
    if (first.seq > after + 1) {
      this.events.onFrame({ type: "gap", stream, seq: after, epoch, data: { from: after + 1, to: first.seq - 1 } });
    }
    this.events.onFrame({ type: "batch", stream, seq: last.seq, epoch, data: { events } });
    this.after.set(stream, last.seq);
  }
}

/** The whole events in a text, and what is left of it. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventsIn(text: string): [events: StreamEvent[], rest: string] {
  const end = text.lastIndexOf("\n\n");
  if (end < 0) return [[], text];
  const blocks = text.slice(0, end).split("\n\n");
  return [blocks.flatMap(eventOf), text.slice(end + 2)];
}

function eventOf(block: string): StreamEvent[] {
  const lines = block.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length === 0 ? [] : [JSON.parse(lines.map((line) => line.slice(5).trimStart()).join("\n")) as StreamEvent];
}
