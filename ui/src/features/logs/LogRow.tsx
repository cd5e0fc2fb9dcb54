import { memo, type MouseEvent, type ReactNode } from "react";
import { ansiSpans, type Span } from "../../lib/ansi";
import { levelOf, type LogLine } from "../../lib/log";
import { visible } from "../../lib/visible";
import type { Fold } from "./rows";
import { rangesIn } from "./search";

interface Props {
  line: LogLine;
  /** Its number, counted from 1. */
  number: number;
  time: string;
  pattern: RegExp | null;
  isPicked: boolean;
  isCurrent: boolean;
  /** Where the line is to be found by itself; null for nowhere. */
  href: string | null;
  onPick: (line: number, isRange: boolean) => void;
}

export const LogRow = memo(function LogRow({ line, number, time, pattern, isPicked, isCurrent, href, onPick }: Props) {
  if (line.stream === "gap") return <div className="log-gap">{line.text}</div>;
  const marks = [isPicked && "log-picked", isCurrent && "log-current"].filter(Boolean).join(" ");
  const pick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    onPick(number - 1, event.shiftKey);
  };
  return (
    <div className={`log-line log-${line.stream} level-${levelOf(line)} ${marks}`}>
      {href === null ? (
        <button type="button" className="log-number" tabIndex={-1} aria-label={`Line ${number}`} data-n={number} onClick={pick} />
      ) : (
        <a className="log-number" tabIndex={-1} href={href} aria-label={`Line ${number}`} data-n={number} onClick={pick} />
      )}
      {time && <span className="log-time" data-t={time} aria-hidden="true" />}
      <span className="log-text">{ansiSpans(line.text).reduce(marked(pattern), { at: 0, shown: [] as ReactNode[] }).shown}</span>
    </div>
  );
});

interface Drawn {
  at: number;
  shown: ReactNode[];
}

/** Draws span after span, with what the search has found picked out; found within one span of colour. */
function marked(pattern: RegExp | null) {
  return ({ at, shown }: Drawn, span: Span): Drawn => {
    const { colours } = span;
    const style = colours
      ? ({ "--on-light": colours.onLight, "--on-dark": colours.onDark, backgroundColor: colours.ground ?? undefined } as React.CSSProperties)
      : undefined;
    const className = `${span.className}${colours ? " ansi-coloured" : ""}`;
    shown.push(
      <span key={at} className={className || undefined} style={style}>
        {pattern ? found(span.text, pattern) : visible(span.text)}
      </span>,
    );
    return { at: at + span.text.length, shown };
  };
}

function found(text: string, pattern: RegExp): ReactNode[] {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const [start, end] of rangesIn(text, pattern)) {
    parts.push(visible(text.slice(from, start)), <mark key={start}>{visible(text.slice(start, end))}</mark>);
    from = end;
  }
  parts.push(visible(text.slice(from)));
  return parts;
}

export function FoldRow({ fold, onToggle }: { fold: Fold; onToggle: () => void }) {
  const lines = fold.to - fold.from + (fold.kind === "group" ? 0 : 1);
  const title = fold.kind === "group" ? visible(fold.title) : "more like this";
  return (
    <div className="log-fold">
      <button type="button" aria-expanded={fold.isOpen} onClick={onToggle}>
        <span aria-hidden="true">{fold.isOpen ? "▾" : "▸"}</span>{" "}
        {fold.kind === "group" ? `${title}, ${lines} lines` : `${lines} ${title}`}
      </button>
    </div>
  );
}
