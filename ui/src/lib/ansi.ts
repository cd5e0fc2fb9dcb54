/** Splits a log line at its colour codes. Only classes and colours come out: what a log says can never become markup. */
import { css, indexed, readable, type Rgb } from "./colour";

export interface Span {
  text: string;
  className: string;
  /** Colours that are not of the sixteen; each can be read on its ground. Null for none. */
  colours: Colours | null;
}

export interface Colours {
  onLight: string;
  onDark: string;
  ground: string | null;
}

interface Style {
  marks: string;
  inverse: boolean;
  fg: Rgb | number | null;
  bg: Rgb | number | null;
}

/** The grounds of the log in the light and the dark theme, as logs.css has them. */
export const LOG_GROUND: { light: Rgb; dark: Rgb } = { light: [252, 251, 248], dark: [8, 10, 15] };

const PLAIN: Style = { marks: "", inverse: false, fg: null, bg: null };
const SGR = /\x1b\[([0-9;:]*)m/g;
// ECMA-48: CSI sequences that are no colours, strings (OSC, DCS, SOS, PM, APC) up to BEL or ST, two-character escapes.
const OTHER = /\x1b\[(?![0-9;:]*m)[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b(?!\[)[ -/]*[0-~]?/g;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const MARKS: Record<number, string> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 9: "struck" };
const UNMARKS: Record<number, string[]> = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 29: ["struck"] };

/** The line without any escape; a carriage return leaves what was written last. */
export function plain(line: string): string {
  return line.includes("\x1b") || line.includes("\r") ? cleaned(line).replace(SGR, "") : line;
}

function cleaned(line: string): string {
  const text = line.includes("\x1b") ? line.replace(OTHER, "") : line;
  return text.includes("\r") ? (text.split("\r").findLast((part) => part !== "") ?? "") : text;
}

export function ansiSpans(raw: string): Span[] {
  const line = cleaned(raw);
  if (!line.includes("\x1b")) return line ? [{ text: line, className: "", colours: null }] : [];
  const spans: Span[] = [];
  let style = PLAIN;
  let from = 0;
  const push = (to: number) => {
    if (to > from) spans.push({ text: line.slice(from, to), ...look(style) });
  };
  for (const match of line.matchAll(SGR)) {
    push(match.index);
    from = match.index + match[0].length;
    style = styleAfter(style, match[1] ?? "");
  }
  push(line.length);
  return spans;
}

function look(style: Style): Pick<Span, "className" | "colours"> {
  const fg = style.inverse ? style.bg : style.fg;
  const bg = style.inverse ? style.fg : style.bg;
  const marks = style.marks.split(" ").filter(Boolean);
  if (style.inverse && fg === null && bg === null) marks.push("inverse");
  else if (bg === null && typeof fg === "number" && fg < 16) marks.push(NAMES[fg % 8] ?? "");
  const className = marks.map((mark) => `ansi-${mark}`).join(" ");
  const isNamed = bg === null && (fg === null || (typeof fg === "number" && fg < 16));
  return { className, colours: isNamed ? null : coloursOf(rgb(fg), rgb(bg)) };
}

function coloursOf(fg: Rgb | null, bg: Rgb | null): Colours {
  if (bg === null) {
    const colour = fg ?? [128, 128, 128];
    return { onLight: css(readable(colour, LOG_GROUND.light)), onDark: css(readable(colour, LOG_GROUND.dark)), ground: null };
  }
  const colour = css(readable(fg ?? [230, 232, 238], bg));
  return { onLight: colour, onDark: colour, ground: css(bg) };
}

function rgb(colour: Rgb | number | null): Rgb | null {
  return typeof colour === "number" ? indexed(colour) : colour;
}

function styleAfter(style: Style, codes: string): Style {
  const numbers = codes.split(/[;:]/).map(Number);
  let next = style;
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, taken] = extended(numbers, at + 1);
      if (colour !== null) next = { ...next, [code === 38 ? "fg" : "bg"]: colour };
      at += taken;
    } else next = simple(next, code);
  }
  return next;
}

/** "5;n" is one of 256 colours, "2;r;g;b" any. */
function extended(numbers: number[], at: number): [colour: Rgb | number | null, taken: number] {
  const part = (index: number) => Math.min(255, Math.max(0, numbers[at + index] || 0));
  if (numbers[at] === 5) return [part(1), 2];
  if (numbers[at] === 2) return [[part(1), part(2), part(3)], 4];
  return [null, 1];
}

function simple(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  const mark = MARKS[code];
  if (mark) return style.marks.split(" ").includes(mark) ? style : { ...style, marks: `${style.marks} ${mark}`.trim() };
  const gone = UNMARKS[code];
  if (gone) return { ...style, marks: style.marks.split(" ").filter((known) => !gone.includes(known)).join(" ") };
  if (code === 7 || code === 27) return { ...style, inverse: code === 7 };
  if (code === 39) return { ...style, fg: null };
  if (code === 49) return { ...style, bg: null };
  if (code >= 30 && code <= 37) return { ...style, fg: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, fg: code - 90 + 8 };
  if (code >= 40 && code <= 47) return { ...style, bg: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, bg: code - 100 + 8 };
  return style;
}
