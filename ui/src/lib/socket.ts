/**
 * One connection for all streams of a page. It resumes each by (stream, seq, epoch), so that nothing is lost or doubled
 * over a lost connection, and comes back with full-jitter back-off. A planned cut is made before it breaks: the next
 * wire is opened beside the old one, and takes its place once it is ready. Where no WebSocket gets through, the same
 * streams come as server-sent events, and a WebSocket is tried again now and then.
 */
import { SharedFolds } from "./shared";
import { SseWire } from "./sse";
import { type News, type OnNews, type ServerFrame, Subscriptions } from "./subscriptions";
import { type OpenWire, SocketWire, type Wire } from "./wire";

export type { News, OnNews };
export type Connection = "connecting" | "open" | "catching-up" | "sse" | "lost" | "offline" | "signed-out";

const BACKOFF_START_MS = 300;
const BACKOFF_CAP_MS = 15_000;
/** Nobody looks at a hidden tab: it comes back at once when it is looked at. */
const HIDDEN_CAP_MS = 120_000;
/** A connection on which nothing comes for so long, not even a heartbeat, is dead however open it looks. */
const SILENCE_MS = 50_000;
const PROOF_MS = 4000;
const OPENING_MS = 10_000;
const CAUGHT_UP_MS = 250;
const SOCKET_AGAIN_MS = 60_000;
const FAILURES_BEFORE_SSE = 2;
const SIGNED_OUT = 4401;
const TICK_MS = 5000;
const ASLEEP_MS = 30_000;

type Timer = ReturnType<typeof setTimeout>;

export class Socket {
  private current: Wire | null = null;
  private candidate: Wire | null = null;
  private readonly subscriptions = new Subscriptions();
  readonly folds = new SharedFolds(this);
  private readonly watchers = new Set<() => void>();
  private attempts = 0;
  /** WebSockets in a row that ended before they were open. */
  private unopened = 0;
  private isClosed = true;
  private wasOpen = false;
  private retry: Timer | undefined;
  private opening: Timer | undefined;
  private silence: Timer | undefined;
  private settling: Timer | undefined;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private tickedAt = 0;
  state: Connection = "connecting";

  constructor(private readonly url: string) {}

  /** Delivers the events of a stream from its first on, each once and in order, until the answer is called. */
  subscribe(stream: string, onNews: OnNews): () => void {
    const { subscriptions } = this;
    const asked = subscriptions.add(stream, onNews);
    if (asked === "again") for (const wire of this.wires) wire.unsubscribe(stream);
    if (asked !== "known") for (const wire of this.wires) wire.subscribe({ stream, after: 0, epoch: subscriptions.epoch });
    return () => {
      if (subscriptions.remove(stream, onNews)) for (const wire of this.wires) wire.unsubscribe(stream);
    };
  }

  /** Calls back whenever `state` changes. */
  watch = (onChange: () => void): (() => void) => {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  };

  open(): void {
    if (!this.isClosed) return;
    this.isClosed = false;
    addEventListener("online", this.wake);
    addEventListener("offline", this.wake);
    addEventListener("pageshow", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.tickedAt = Date.now();
    this.ticking = setInterval(this.tick, TICK_MS);
    this.connect();
  }

  close(): void {
    this.isClosed = true;
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.wake);
    removeEventListener("pageshow", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    clearInterval(this.ticking);
    for (const timer of [this.retry, this.opening, this.silence, this.settling]) clearTimeout(timer);
    for (const wire of this.wires) wire.close();
    this.current = this.candidate = null;
  }

  private get wires(): Wire[] {
    return [this.current, this.candidate].filter((wire) => wire !== null);
  }

  /** Opens the next wire, beside the one there may be. */
  private connect(): void {
    clearTimeout(this.retry);
    if (this.isClosed || this.candidate) return;
    const bySse = this.unopened >= FAILURES_BEFORE_SSE && this.current?.kind !== "sse";
    const origin = this.url.replace(/^ws/, "http").replace(/\/ws$/, "");
    this.begin((events) => (bySse ? new SseWire(origin, events) : new SocketWire(this.url, events)));
  }

  private begin(openWire: OpenWire): void {
    let isReady = false;
    const wire = openWire({
      onReady: () => {
        isReady = true;
        this.takeOver(wire);
      },
      onFrame: (frame) => this.receive(frame, wire),
      onLife: () => this.listen(),
      onLost: (code) => this.lost(wire, code, isReady),
    });
    this.candidate = wire;
    this.opening = setTimeout(() => {
      if (this.candidate !== wire) return;
      wire.close();
      this.lost(wire, 0, false);
    }, OPENING_MS);
  }

  private takeOver(wire: Wire): void {
    clearTimeout(this.opening);
    this.candidate = null;
    this.current?.close();
    this.current = wire;
    if (wire.kind === "socket") this.unopened = 0;
    wire.hello(this.subscriptions.positions);
    if (this.wasOpen) this.become("catching-up");
    this.settle();
    this.listen();
    if (wire.kind === "sse") this.retry = setTimeout(() => this.connect(), SOCKET_AGAIN_MS);
  }

  /** What was missed has come when nothing more comes for a moment. */
  private settle(): void {
    clearTimeout(this.settling);
    const settled = () => {
      this.wasOpen = true;
      this.attempts = 0;
      this.become(this.current?.kind === "sse" ? "sse" : "open");
    };
    if (this.wasOpen) this.settling = setTimeout(settled, CAUGHT_UP_MS);
    else settled();
  }

  private receive(frame: ServerFrame, wire: Wire): void {
    if (wire === this.current && this.state === "catching-up" && frame.type === "batch") this.settle();
    // The cut is announced to all at once; not all come back in the same moment.
    if (frame.type === "reconnect" && wire === this.current) this.again(BACKOFF_START_MS);
    this.subscriptions.receive(frame);
  }

  private lost(wire: Wire, code: number, wasReady: boolean): void {
    if (this.isClosed) return;
    if (wire === this.candidate) {
      clearTimeout(this.opening);
      this.candidate = null;
    }
    if (wire === this.current) {
      clearTimeout(this.silence);
      clearTimeout(this.settling);
      this.current = null;
    }
    if (code === SIGNED_OUT) {
      this.close();
      return this.become("signed-out");
    }
    if (!wasReady) this.unopened = wire.kind === "socket" && navigator.onLine ? this.unopened + 1 : 0;
    if (this.current === null) this.become(navigator.onLine ? "lost" : "offline");
    if (this.current?.kind === "sse") this.retry = setTimeout(() => this.connect(), SOCKET_AGAIN_MS);
    else if (this.candidate === null) this.again(BACKOFF_START_MS * 2 ** this.attempts++);
  }

  /** Full jitter: anywhere up to the back-off. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
  private again(backoffMs: number): void {
    clearTimeout(this.retry);
    const capMs = document.hidden ? HIDDEN_CAP_MS : BACKOFF_CAP_MS;
    this.retry = setTimeout(() => this.connect(), Math.random() * Math.min(capMs, backoffMs));
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(this.giveUp, SILENCE_MS);
  }

  private giveUp = (): void => {
    const wire = this.current;
    if (!wire) return;
    wire.close();
    this.lost(wire, 0, true);
  };

  /** Something about the network or the tab has changed: what looks open has to prove it, what is lost comes back. */
  private wake = (): void => {
    if (document.hidden || this.state === "signed-out") return;
    if (this.current) {
      clearTimeout(this.silence);
      this.silence = setTimeout(this.giveUp, PROOF_MS);
      this.current.ping();
    } else if (!this.candidate) {
      this.become(navigator.onLine ? "lost" : "offline");
      this.attempts = 0;
      this.connect();
    }
  };

  /** A clock that jumped has slept, and so has the network. */
  private tick = (): void => {
    const now = Date.now();
    if (now - this.tickedAt > ASLEEP_MS) this.wake();
    this.tickedAt = now;
  };

  private become(state: Connection): void {
    if (this.state === state) return;
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}
