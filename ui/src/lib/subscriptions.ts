/** What a page follows: each stream's events once and in order, whichever connection brings them. */
import type { StreamEvent } from "./events";

export interface News {
  events: StreamEvent[];
  /** The stream starts anew: what was known of it is void. */
  restart: boolean;
}
export type OnNews = (news: News) => void;

export interface Position {
  stream: string;
  after: number;
  epoch: string | null;
}

export interface ServerFrame {
  type: string;
  stream: string;
  seq: number;
  epoch: string;
  data: { events?: StreamEvent[]; from?: number; to?: number };
}

/** Stands in a stream where events are gone for good: {from, to}. Made here; no server sends it. */
export const GAP = "stream.gap";

interface Subscription {
  after: number;
  /** All events so far, for listeners that come later; null once they are too many to be kept twice. */
  history: StreamEvent[] | null;
  listeners: Set<OnNews>;
}

const HISTORY_EVENTS = 5000;

export class Subscriptions {
  private readonly all = new Map<string, Subscription>();
  epoch: string | null = null;

  get positions(): Position[] {
    return [...this.all].map(([stream, { after }]) => ({ stream, after, epoch: this.epoch }));
  }

  /** True when the stream must be asked for from its first event on: it is new, or its history was let go. */
  add(stream: string, onNews: OnNews): "known" | "new" | "again" {
    const known = this.all.get(stream);
    if (!known) {
      this.all.set(stream, { after: 0, history: [], listeners: new Set([onNews]) });
      return "new";
    }
    known.listeners.add(onNews);
    if (known.history) {
      onNews({ events: [...known.history], restart: true });
      return "known";
    }
    restart(known);
    return "again";
  }

  /** True when nobody listens to the stream any more. */
  remove(stream: string, onNews: OnNews): boolean {
    const known = this.all.get(stream);
    known?.listeners.delete(onNews);
    return known?.listeners.size === 0 && this.all.delete(stream);
  }

  receive(frame: ServerFrame): void {
    this.epoch = frame.epoch || this.epoch;
    const subscription = this.all.get(frame.stream);
    if (!subscription) return;
    if (frame.type === "gap") jump(subscription, frame.data.to ?? 0);
    if (frame.type === "batch" && frame.data.events) deliver(subscription, frame.data.events);
  }
}

/** A gap up to 0 voids the numbers (the database is another one); up to n, what is missing is gone for good. */
function jump(subscription: Subscription, to: number): void {
  if (to === 0) return restart(subscription);
  if (to <= subscription.after) return;
  const missing: StreamEvent = { seq: to, type: GAP, at: "", data: { from: subscription.after + 1, to } };
  subscription.after = to;
  tell(subscription, [missing]);
}

function restart(subscription: Subscription): void {
  subscription.after = 0;
  subscription.history = [];
  for (const listener of subscription.listeners) listener({ events: [], restart: true });
}

function deliver(subscription: Subscription, events: StreamEvent[]): void {
  const fresh = events.filter((event) => event.seq > subscription.after);
  const first = fresh[0];
  // A frame that does not follow on was sent for an earlier subscription of the same stream.
  if (!first || first.seq !== subscription.after + 1) return;
  subscription.after += fresh.length;
  tell(subscription, fresh);
}

function tell(subscription: Subscription, events: StreamEvent[]): void {
  subscription.history?.push(...events);
  if (subscription.history && subscription.history.length > HISTORY_EVENTS) subscription.history = null;
  for (const listener of subscription.listeners) listener({ events, restart: false });
}
