/** One fold of a stream for all who look at it: a long log is held once, and shown at once to who comes later. */
import type { StreamEvent } from "./events";
import type { News, Socket } from "./socket";

export type Add<S> = (state: S, event: StreamEvent) => S;

/** What nobody looks at is kept for so long: they may have turned the page and come back. */
const KEPT_MS = 20_000;
/** A stream in flood is shown once a frame, and less often when showing it takes its time. */
const FRAME_MS = 16;
const REST_FOLD = 2;

export class Shared<S> {
  private state: S;
  private shown: S;
  private readonly watchers = new Set<() => void>();
  private leave: (() => void) | null = null;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private toldAt = 0;
  private pauseMs = FRAME_MS;

  constructor(
    private readonly socket: Socket,
    private readonly stream: string,
    private readonly add: Add<S>,
    private readonly initial: S,
  ) {
    this.state = this.shown = initial;
  }

  read = (): S => this.shown;

  watch = (onChange: () => void): (() => void) => {
    this.watchers.add(onChange);
    clearTimeout(this.leaving);
    this.leave ??= this.socket.subscribe(this.stream, this.receive);
    return () => {
      this.watchers.delete(onChange);
      if (this.watchers.size === 0) this.leaving = setTimeout(this.end, KEPT_MS);
    };
  };

  private end = (): void => {
    this.leave?.();
    this.leave = null;
    this.state = this.shown = this.initial;
  };

  private receive = (news: News): void => {
    this.state = news.events.reduce(this.add, news.restart ? this.initial : this.state);
    const sinceMs = performance.now() - this.toldAt;
    if (sinceMs >= this.pauseMs) this.tell();
    else this.telling ??= setTimeout(this.tell, this.pauseMs - sinceMs);
  };

  private tell = (): void => {
    clearTimeout(this.telling);
    this.telling = undefined;
    const begun = performance.now();
    this.shown = this.state;
    for (const watcher of this.watchers) watcher();
    this.toldAt = performance.now();
    this.pauseMs = Math.max(FRAME_MS, REST_FOLD * (this.toldAt - begun));
  };
}

/** The folds of a page, by stream and reducer. */
export class SharedFolds {
  private readonly all = new Map<string, Map<unknown, unknown>>();

  constructor(private readonly socket: Socket) {}

  of<S>(stream: string, add: Add<S>, initial: S): Shared<S> {
    const folds = this.all.get(stream) ?? new Map<unknown, unknown>();
    this.all.set(stream, folds);
    const known = folds.get(add) as Shared<S> | undefined;
    if (known) return known;
    const made = new Shared(this.socket, stream, add, initial);
    folds.set(add, made);
    return made;
  }
}
