/** The lines of a log, and what can be told of one by its text. */
import { plain } from "./ansi";
import type { StreamEvent } from "./events";
import { GAP } from "./subscriptions";

export interface LogLine {
  seq: number;
  text: string;
  /** "out", "err", "devgem", or "gap" where lines are missing. */
  stream: string;
  at: string;
}

/** One growing array, shared by all states of a log, since a build may write 100,000 lines: `lines` counts. */
export interface Log {
  log: LogLine[];
  lines: number;
}

export const NO_LOG: Log = { log: [], lines: 0 };
/** More than a page can hold: the oldest are let go, KEPT_LINES stay. */
export const MOST_LINES = 300_000;
export const KEPT_LINES = 250_000;

/** The log after one more event; other events than lines and gaps change nothing. */
export function addLine(state: Log, event: StreamEvent): Log {
  const line = lineOf(event);
  if (line === null) return state;
  if (state.lines >= MOST_LINES) return addLine(shortened(state), event);
  const log = state.lines === 0 ? [] : state.log;
  log[state.lines] = line;
  return { log, lines: state.lines + 1 };
}

function lineOf({ seq, type, at, data }: StreamEvent): LogLine | null {
  if (type === "log") return { seq, text: String(data.text ?? ""), stream: String(data.stream ?? "out"), at };
  if (type !== GAP) return null;
  const missing = Number(data.to) - Number(data.from) + 1;
  return { seq, text: `${missing.toLocaleString("en")} events from before are not kept any more`, stream: "gap", at };
}

function shortened({ log, lines }: Log): Log {
  const gone = lines - KEPT_LINES;
  const first = log[gone] as LogLine;
  const text = `The first ${gone.toLocaleString("en")} lines are not shown here; the raw log has them`;
  return { log: [{ ...first, text, stream: "gap" }, ...log.slice(gone + 1, lines)], lines: KEPT_LINES };
}

export const LEVELS = ["error", "warning", "info", "debug"] as const;
export type Level = (typeof LEVELS)[number];

const ERROR = /\b(?:error|errors|fatal|panic|exception|traceback|failed|failure|cannot find|not found|segfault)\b|\berr!|✖|✘/i;
const NO_ERROR = /\b(?:0|no|without) (?:errors?|failures?|failed)\b|\berror-[a-z]|[\w/-]error[\w-]*\.(?:js|ts|py|rb|go|c|h|o)\b/i;
const WARNING = /\bwarn(?:ing)?s?\b|\bdeprecated\b/i;
const DEBUG = /\b(?:debug|trace|verbose)\b/i;
const JUDGED_CHARACTERS = 400;

/** How much a line matters, as far as its words tell. */
export function levelOf(line: LogLine): Level {
  const text = plain(line.text).slice(0, JUDGED_CHARACTERS);
  if (ERROR.test(text) && !NO_ERROR.test(text)) return "error";
  if (WARNING.test(text)) return "warning";
  return DEBUG.test(text) ? "debug" : "info";
}
