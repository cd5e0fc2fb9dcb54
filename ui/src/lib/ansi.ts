/** Splits a log line at its colour codes. Only classes come out: what a log says can never become markup. */
export interface Span {
  text: string;
  className: string;
}

const SGR = /\x1b\[([0-9;:]*)m/g;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

export function ansiSpans(line: string): Span[] {
  const spans: Span[] = [];
  let style = { bold: false, colour: "" };
  let from = 0;
  const push = (to: number) => {
    const className = [style.bold && "ansi-bold", style.colour && `ansi-${style.colour}`].filter(Boolean).join(" ");
    if (to > from) spans.push({ text: line.slice(from, to), className });
  };
  for (const match of line.matchAll(SGR)) {
    push(match.index);
    from = match.index + match[0].length;
    style = styleAfter(style, match[1] ?? "");
  }
  push(line.length);
  return spans;
}

function styleAfter(style: { bold: boolean; colour: string }, codes: string): { bold: boolean; colour: string } {
  const numbers = codes.split(/[;:]/).map(Number);
  let next = style;
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i] ?? 0;
    if (code === 38 || code === 48) i += numbers[i + 1] === 5 ? 2 : 4;
    else if (code === 0) next = { bold: false, colour: "" };
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 22) next = { ...next, bold: false };
    else if (code === 39) next = { ...next, colour: "" };
    else if (code >= 30 && code <= 37) next = { ...next, colour: COLOURS[code - 30] ?? "" };
    else if (code >= 90 && code <= 97) next = { ...next, colour: COLOURS[code - 90] ?? "" };
  }
  return next;
}
