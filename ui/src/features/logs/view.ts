/** How a log is looked at: what is shown of it, what is searched for, what is picked out. */
import { useDeferredValue, useMemo, useReducer } from "react";
import type { LogLine } from "../../lib/log";
import { LogRows } from "./rows";
import { type Filter, filterOf, FirstError, Matches, nextMatch, NO_FILTER, patternOf, type Range } from "./search";

export type Times = "off" | "relative" | "absolute";

export interface View {
  filter: Filter;
  query: string;
  isRegex: boolean;
  isSearching: boolean;
  /** The line that was gone to: the current match, the first error, the start of a link. */
  at: number | null;
  picked: Range | null;
  toggled: ReadonlySet<number>;
  wraps: boolean;
  times: Times;
  rains: boolean;
  follows: boolean;
  /** How many lines there were when following ended. */
  leftAt: number;
}

export type Change = Partial<View> | ((view: View) => Partial<View>);

const KEPT = "devgem.log";

export function useView(follows: boolean) {
  return useReducer(changed, follows, begin);
}

function begin(follows: boolean): View {
  return {
    filter: NO_FILTER, query: "", isRegex: false, isSearching: false, at: null, picked: null, toggled: new Set(),
    wraps: false, times: "off", rains: true, ...kept(), follows, leftAt: 0,
  }; // prettier-ignore
}

function changed(view: View, change: Change): View {
  const next = { ...view, ...(typeof change === "function" ? change(view) : change) };
  const { wraps, times, rains } = next;
  if (wraps !== view.wraps || times !== view.times || rains !== view.rains) {
    localStorage.setItem(KEPT, JSON.stringify({ wraps, times, rains }));
  }
  return next;
}

function kept(): Partial<View> {
  try {
    const { wraps, times, rains } = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<View>;
    const known = times === "relative" || times === "absolute" ? times : "off";
    return { wraps: wraps === true, times: known, rains: rains !== false };
  } catch {
    return {};
  }
}

/** Everything that is worked out of a log and a view of it. */
export function useShown(log: LogLine[], lines: number, view: View, columns: number) {
  const { filter, toggled } = view;
  const query = useDeferredValue(view.query);
  const takes = useMemo(() => filterOf(filter), [filter]);
  const pattern = useMemo(() => patternOf(query, view.isRegex), [query, view.isRegex]);
  const wrapped = view.wraps ? columns : null;
  const rows = useMemo(() => new LogRows(log, { takes, toggled, columns: wrapped }), [log, takes, toggled, wrapped]);
  const found = useMemo(() => new Matches(log, pattern === "wrong" ? null : pattern, takes), [log, pattern, takes]);
  const error = useMemo(() => new FirstError(log), [log]);
  return {
    rows: rows.grow(lines),
    matches: found.grow(lines),
    firstError: error.grow(lines),
    pattern: pattern === "wrong" ? null : pattern,
    isWrong: pattern === "wrong",
  };
}

export type Shown = ReturnType<typeof useShown>;

/** Goes to the next match, opening nothing: a match in a closed fold is shown by its fold. */
export function toMatch(view: View, { matches }: Shown, step: 1 | -1): Change {
  const line = nextMatch(matches.lines, view.at ?? (step === 1 ? -1 : Infinity), step);
  return line === null ? {} : { at: line, follows: false };
}

/** The fold that hides a line is opened. */
export function opened(view: View, shown: Shown, line: number): ReadonlySet<number> {
  const fold = shown.rows.foldAt(shown.rows.rowOf(line));
  if (!fold || fold.isOpen) return view.toggled;
  const toggled = new Set(view.toggled);
  const at = shown.rows.folds.indexOf(fold);
  if (!toggled.delete(at)) toggled.add(at);
  return toggled;
}
