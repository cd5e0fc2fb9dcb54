/**
 * The rows that a log is shown in: a row for each line that the filter takes, and one for each fold. It grows with its
 * log: what is known of earlier lines is never worked out again, so that 200,000 lines cost no more than the new ones.
 */
import { plain } from "../../lib/ansi";
import type { LogLine } from "../../lib/log";

export interface Fold {
  kind: "group" | "repeat";
  title: string;
  /** The lines it holds, both included. */
  from: number;
  to: number;
  isOpen: boolean;
}

export interface RowOptions {
  /** Null takes every line. With a filter nothing is folded. */
  takes: ((line: LogLine) => boolean) | null;
  /** The folds, by their order, that the reader has opened or closed. */
  toggled: ReadonlySet<number>;
  /** Characters to a row where long lines are wrapped; null where they are not. */
  columns: number | null;
}

const GROUP = /^\s*(?:##\[group\]|::group::)\s*(.*)$/;
const GROUP_END = /^\s*(?:##\[endgroup\]|::endgroup::)/;
/** So many lines of one shape are a repetition; SHOWN of them are shown. */
export const REPEATED = 12;
export const SHOWN = 3;
const SHAPE_CHARACTERS = 80;

export class LogRows {
  readonly folds: Fold[] = [];
  /** A line by its index, or a fold as -(its index + 1). */
  readonly rows: number[] = [];
  /** Where each row ends, in heights of a line; kept only when lines wrap. */
  private readonly ends: number[] = [];
  private known = 0;
  private group: Fold | null = null;
  private repeat: Fold | null = null;
  private shape = "";
  private run = 0;

  constructor(
    private readonly log: readonly LogLine[],
    private readonly options: RowOptions,
  ) {}

  /** Takes up the lines that have come since. */
  grow(lines: number): this {
    for (; this.known < lines; this.known++) this.add(this.known, this.log[this.known] as LogLine);
    return this;
  }

  /** All rows together, in heights of a line. */
  get height(): number {
    return this.startOf(this.rows.length);
  }

  startOf(row: number): number {
    if (this.options.columns === null || row === 0) return row;
    return this.ends[row - 1] ?? 0;
  }

  /** The row at a height. */
  rowAt(height: number): number {
    if (this.options.columns === null) return Math.min(this.rows.length, Math.max(0, Math.floor(height)));
    let [low, high] = [0, this.ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] ?? 0) <= height) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The row of a line, or of the closed fold that holds it; -1 when the filter does not take it. */
  rowOf(line: number): number {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.firstLine(middle) <= line) low = middle + 1;
      else high = middle;
    }
    const row = low - 1;
    const fold = this.foldAt(row);
    if (row < 0 || (fold && (line > fold.to || fold.isOpen))) return -1;
    return fold || this.rows[row] === line ? row : -1;
  }

  foldAt(row: number): Fold | null {
    const value = this.rows[row];
    return value !== undefined && value < 0 ? (this.folds[-value - 1] ?? null) : null;
  }

  private firstLine(row: number): number {
    const value = this.rows[row] ?? 0;
    return value < 0 ? (this.folds[-value - 1]?.from ?? 0) : value;
  }

  private add(index: number, line: LogLine): void {
    if (this.options.takes) {
      if (this.options.takes(line)) this.push(index);
      return;
    }
    if (line.text.includes("group") && this.grouped(index, plain(line.text))) return;
    if (this.group) this.group.to = index;
    if (this.repeats(index, line) || this.group?.isOpen === false) return;
    this.push(index);
  }

  private grouped(index: number, text: string): boolean {
    const begins = GROUP.exec(text);
    const ends = GROUP_END.test(text);
    if (!begins && !ends) return false;
    this.repeat = null;
    this.run = 0;
    this.group = begins ? this.fold("group", begins[1]?.trim() || "Group", index) : null;
    return true;
  }

  /** True when the line is in a fold of repeated lines, and has no row of its own. */
  private repeats(index: number, line: LogLine): boolean {
    const shape = shapeOf(line);
    if (shape !== this.shape) {
      this.shape = shape;
      this.run = 1;
      this.repeat = null;
      return false;
    }
    this.run++;
    if (this.repeat) {
      this.repeat.to = index;
      return !this.repeat.isOpen;
    }
    if (this.run < REPEATED || this.group?.isOpen === false) return false;
    const from = index - this.run + 1 + SHOWN;
    for (let gone = from; gone < index; gone++) this.pop();
    this.repeat = this.fold("repeat", "", from);
    this.repeat.to = index;
    if (this.repeat.isOpen) for (let at = from; at < index; at++) this.push(at);
    return !this.repeat.isOpen;
  }

  private fold(kind: Fold["kind"], title: string, from: number): Fold {
    const isOpen = (kind === "group") !== this.options.toggled.has(this.folds.length);
    const fold = { kind, title, from, to: from, isOpen };
    this.folds.push(fold);
    this.push(-this.folds.length);
    return fold;
  }

  private push(value: number): void {
    this.rows.push(value);
    const { columns } = this.options;
    if (columns !== null) this.ends.push((this.ends.at(-1) ?? 0) + (value < 0 ? 1 : rowsOf(this.log[value]?.text ?? "", columns)));
  }

  private pop(): void {
    this.rows.pop();
    this.ends.pop();
  }
}

/** A line without what changes from one repetition to the next. */
function shapeOf({ text, stream }: LogLine): string {
  return `${stream} ${plain(text.slice(0, 4 * SHAPE_CHARACTERS)).slice(0, SHAPE_CHARACTERS).replace(/[0-9a-f]*\d[0-9a-f]*/gi, "#")}`;
}

const TAB = 8;

/** How many rows a line takes when it is wrapped at so many characters; wide ones count twice. */
export function rowsOf(text: string, columns: number): number {
  const shown = plain(text);
  let width = 0;
  for (const character of shown) {
    const code = character.codePointAt(0) ?? 0;
    width += code === 9 ? TAB - (width % TAB) : code >= 0x1100 && isWide(code) ? 2 : 1;
  }
  return Math.max(1, Math.ceil(width / columns));
}

function isWide(code: number): boolean {
  return code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff);
}
