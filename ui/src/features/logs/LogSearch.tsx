import { type KeyboardEvent, useEffect, useRef } from "react";
import { toMatch, type Change, type Shown, type View } from "./view";

interface Props {
  view: View;
  shown: Shown;
  change: (change: Change) => void;
  onGo: (line: number) => void;
  onClose: () => void;
}

/** Enter goes to the next match, Shift+Enter to the one before, Escape closes. */
export function LogSearch({ view, shown, change, onGo, onClose }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const step = (by: 1 | -1) => {
    const next = toMatch(view, shown, by);
    if (typeof next !== "function" && typeof next.at === "number") onGo(next.at);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      step(event.shiftKey ? -1 : 1);
    }
    if (event.key === "Escape") onClose();
  };
  const isNone = shown.matches.lines.length === 0;
  return (
    <div className="log-search" role="search" aria-label="Log">
      <input
        ref={field}
        type="text"
        aria-label="Search in the log"
        aria-invalid={shown.isWrong}
        placeholder={view.isRegex ? "Regular expression" : "Search in the log"}
        spellCheck={false}
        value={view.query}
        onChange={(event) => change({ query: event.target.value, at: null })}
        onKeyDown={onKeyDown}
      />
      <span className="log-count numbers" role="status">
        {countOf(view, shown)}
      </span>
      <button type="button" className="log-tool" aria-pressed={view.isRegex} aria-label="Regular expression" title="Regular expression" onClick={() => change({ isRegex: !view.isRegex })}>
        .*
      </button>
      <button type="button" className="log-tool" aria-label="Previous match" disabled={isNone} onClick={() => step(-1)}>
        ↑
      </button>
      <button type="button" className="log-tool" aria-label="Next match" disabled={isNone} onClick={() => step(1)}>
        ↓
      </button>
      <button type="button" className="log-tool" aria-label="Close search" onClick={onClose}>
        ✕
      </button>
    </div>
  );
}

/** "3 of 120 lines". */
export function countOf(view: View, { matches, isWrong }: Shown): string {
  if (isWrong) return "No regular expression";
  if (view.query === "") return "";
  const all = `${matches.lines.length.toLocaleString("en")}${matches.isCut ? " and more" : ""}`;
  const at = view.at === null ? -1 : matches.lines.indexOf(view.at);
  if (at >= 0) return `${(at + 1).toLocaleString("en")} of ${all} lines`;
  return matches.lines.length === 1 ? "1 line" : `${all} lines`;
}
