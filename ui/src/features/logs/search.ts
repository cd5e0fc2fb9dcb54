/** What a reader looks for in a log, and where it is. */
import { plain } from "../../lib/ansi";
import { LEVELS, type Level, levelOf, type LogLine } from "../../lib/log";

export interface Filter {
  /** The least level that is shown. */
  level: Level | "all";
  stream: "all" | "out" | "err" | "devgem";
}

export const NO_FILTER: Filter = { level: "all", stream: "all" };

/** Null when every line is shown. A gap is never hidden. */
export function filterOf({ level, stream }: Filter): ((line: LogLine) => boolean) | null {
  if (level === "all" && stream === "all") return null;
  const least = level === "all" ? LEVELS.length : LEVELS.indexOf(level);
  return (line) =>
    line.stream === "gap" ||
    ((stream === "all" || line.stream === stream) && (level === "all" || LEVELS.indexOf(levelOf(line)) <= least));
}

/** The expression for what is typed; null for nothing, "wrong" for no regular expression. */
export function patternOf(text: string, isRegex: boolean): RegExp | null | "wrong" {
  if (text === "") return null;
  try {
    return new RegExp(isRegex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
  } catch {
    return "wrong";
  }
}

/** A line may be long and an expression slow: what lies beyond is not searched. */
const SEARCHED_CHARACTERS = 2000;
const SEARCH_MS = 400;
const CLOCK_LINES = 200;

export type Range = [from: number, to: number];

/** Where the expression is found in a text. */
export function rangesIn(text: string, pattern: RegExp): Range[] {
  const found: Range[] = [];
  for (const match of text.slice(0, SEARCHED_CHARACTERS).matchAll(pattern)) {
    if (match[0] !== "") found.push([match.index, match.index + match[0].length]);
  }
  return found;
}

/** The lines that an expression is found in; grows with its log, as the rows do. */
export class Matches {
  readonly lines: number[] = [];
  private known = 0;
  /** The search was given up since it took too long: there may be more. */
  isCut = false;

  constructor(
    private readonly log: readonly LogLine[],
    private readonly pattern: RegExp | null,
    private readonly takes: ((line: LogLine) => boolean) | null,
  ) {}

  grow(lines: number): this {
    if (!this.pattern || this.isCut) return this;
    const until = performance.now() + SEARCH_MS;
    for (; this.known < lines; this.known++) {
      if (this.known % CLOCK_LINES === 0 && performance.now() > until) {
        this.isCut = true;
        break;
      }
      const line = this.log[this.known] as LogLine;
      if ((!this.takes || this.takes(line)) && this.has(line)) this.lines.push(this.known);
    }
    return this;
  }

  private has({ text }: LogLine): boolean {
    const pattern = this.pattern as RegExp;
    pattern.lastIndex = 0;
    return pattern.test(plain(text).slice(0, SEARCHED_CHARACTERS));
  }
}

/** The match to go to from a line: the next one downwards, or upwards; around at the ends. */
export function nextMatch(lines: readonly number[], from: number, step: 1 | -1): number | null {
  if (lines.length === 0) return null;
  const found = step === 1 ? lines.find((line) => line > from) : lines.findLast((line) => line < from);
  return found ?? (step === 1 ? (lines[0] ?? null) : (lines.at(-1) ?? null));
}

/** The first line that tells of an error; each line is judged once. */
export class FirstError {
  line: number | null = null;
  private known = 0;

  constructor(private readonly log: readonly LogLine[]) {}

  grow(lines: number): number | null {
    for (; this.line === null && this.known < lines; this.known++) {
      if (levelOf(this.log[this.known] as LogLine) === "error") this.line = this.known;
    }
    return this.line;
  }
}

/** The line that says what a text says first; null when none does. */
export function lineWith(log: readonly LogLine[], lines: number, evidence: string): number | null {
  const wanted = evidence.split("\n").map((line) => line.trim()).filter((line) => line.length > 3);
  for (const text of wanted.toReversed()) {
    for (let at = lines - 1; at >= 0; at--) if (plain((log[at] as LogLine).text).includes(text)) return at;
  }
  return null;
}

/** "#L120" or "#L120-L140" as lines counted from 0. */
export function linesIn(hash: string): Range | null {
  const found = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (!found) return null;
  const ends = [Number(found[1]) - 1, Number(found[2] ?? found[1]) - 1].sort((a, b) => a - b) as Range;
  return ends[0] < 0 ? null : ends;
}

export function hashOf([from, to]: Range): string {
  return from === to ? `#L${from + 1}` : `#L${from + 1}-L${to + 1}`;
}
