/**
 * One socket for all streams of a page. It resumes each by (stream, seq, epoch), so that nothing is lost or doubled
 * over a lost connection, and comes back with full-jitter back-off (at most BACKOFF_CAP_MS).
 */
import type { StreamEvent } from "./events";

export type Connection = "connecting" | "open" | "lost" | "signed-out";
export interface News {
  events: StreamEvent[];
  /** The stream starts anew: what was known of it is void. */
  restart: boolean;
}
export type OnNews = (news: News) => void;

interface Subscription {
  after: number;
  /** All events so far, for listeners that come later. */
  history: StreamEvent[];
  listeners: Set<OnNews>;
}

interface ServerFrame {
  type: string;
  stream: string;
  seq: number;
  epoch: string;
  data: { events?: StreamEvent[]; from?: number; to?: number };
}

const BACKOFF_START_MS = 300;
const BACKOFF_CAP_MS = 15_000;
const SILENCE_MS = 50_000;
const SIGNED_OUT = 4401;

export class Socket {
  private socket: WebSocket | null = null;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly watchers = new Set<() => void>();
  private epoch: string | null = null;
  private attempts = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  state: Connection = "connecting";

  constructor(private readonly url: string) {}

  /** Delivers the events of a stream from its first on, each once and in order, until the answer is called. */
  subscribe(stream: string, onNews: OnNews): () => void {
    let subscription = this.subscriptions.get(stream);
    if (subscription) {
      subscription.listeners.add(onNews);
      onNews({ events: [...subscription.history], restart: true });
    } else {
      subscription = { after: 0, history: [], listeners: new Set([onNews]) };
      this.subscriptions.set(stream, subscription);
      this.send({ type: "subscribe", stream, after: 0 });
    }
    const { listeners } = subscription;
    return () => {
      listeners.delete(onNews);
      if (listeners.size === 0 && this.subscriptions.delete(stream)) this.send({ type: "unsubscribe", stream });
    };
  }

  /** Calls back whenever `state` changes. */
  watch = (onChange: () => void): (() => void) => {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  };

  open(): void {
    clearTimeout(this.retry);
    const socket = new WebSocket(this.url, "devgem.v1");
    this.socket = socket;
    socket.onopen = () => {
      this.attempts = 0;
      this.become("open");
      const resume = [...this.subscriptions].map(([stream, { after }]) => ({ stream, after, epoch: this.epoch }));
      this.send({ type: "hello", resume });
      this.listen();
    };
    socket.onmessage = (message) => {
      this.listen();
      this.receive(JSON.parse(String(message.data)) as ServerFrame);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
  }

  close(): void {
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private lost(code: number): void {
    clearTimeout(this.silence);
    this.socket = null;
    if (code === SIGNED_OUT) {
      this.become("signed-out");
      return;
    }
    this.become("lost");
    const cap = Math.min(BACKOFF_CAP_MS, BACKOFF_START_MS * 2 ** this.attempts++);
    this.retry = setTimeout(() => this.open(), Math.random() * cap);
  }

  /** A connection on which nothing comes for SILENCE_MS, not even a heartbeat, is dead however open it looks. */
  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.socket?.close();
      this.lost(0);
    }, SILENCE_MS);
  }

  private receive(frame: ServerFrame): void {
    this.epoch = frame.epoch;
    if (frame.type === "ping") this.send({ type: "pong" });
    const subscription = this.subscriptions.get(frame.stream);
    if (!subscription) return;
    if (frame.type === "gap") this.jump(subscription, frame.data.to ?? 0);
    if (frame.type === "batch" && frame.data.events) this.deliver(subscription, frame.data.events);
  }

  /** A gap up to 0 voids the numbers (the database is another one); up to n, what is missing is gone for good. */
  private jump(subscription: Subscription, to: number): void {
    subscription.after = to;
    if (to > 0) return;
    subscription.history = [];
    for (const listener of subscription.listeners) listener({ events: [], restart: true });
  }

  private deliver(subscription: Subscription, events: StreamEvent[]): void {
    const fresh = events.filter((event) => event.seq > subscription.after);
    const first = fresh[0];
    // A frame that does not follow on was sent for an earlier subscription of the same stream.
    if (!first || first.seq !== subscription.after + 1) return;
    subscription.after += fresh.length;
    subscription.history.push(...fresh);
    for (const listener of subscription.listeners) listener({ events: fresh, restart: false });
  }

  private send(frame: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private become(state: Connection): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}
