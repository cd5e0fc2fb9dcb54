import { useId } from "react";
import type { LogLine } from "../../lib/log";
import { download, rawOf, textOf } from "./keep";
import type { Filter } from "./search";
import type { Change, Shown, Times, View } from "./view";

interface Props {
  log: LogLine[];
  lines: number;
  name: string;
  view: View;
  shown: Shown;
  change: (change: Change) => void;
  onGo: (line: number) => void;
  onCopy: () => void;
  said: string;
}

const LEVELS: [Filter["level"], string][] = [["all", "All levels"], ["error", "Errors"], ["warning", "Warnings and up"], ["info", "Info and up"]];
const STREAMS: [Filter["stream"], string][] = [["all", "All streams"], ["out", "Output"], ["err", "Errors' output"], ["devgem", "DevGem"]];
const TIMES: [Times, string][] = [["off", "No times"], ["relative", "Since the start"], ["absolute", "Time of day"]];

/** What can be done with a log. */
export function LogToolbar({ log, lines, name, view, shown, change, onGo, onCopy, said }: Props) {
  const { firstError } = shown;
  return (
    <div className="log-tools" role="group" aria-label="Log">
      <button type="button" className="log-tool" aria-pressed={view.isSearching} title="Search (/)" onClick={() => change({ isSearching: !view.isSearching, at: null })}>
        Search
      </button>
      <button type="button" className="log-tool" disabled={firstError === null} title="Jump to the first error (e)" onClick={() => firstError !== null && onGo(firstError)}>
        First error
      </button>
      <Pick label="Level" value={view.filter.level} choices={LEVELS} onPick={(level) => change(({ filter }) => ({ filter: { ...filter, level } }))} />
      <Pick label="Stream" value={view.filter.stream} choices={STREAMS} onPick={(stream) => change(({ filter }) => ({ filter: { ...filter, stream } }))} />
      <Pick label="Times" value={view.times} choices={TIMES} onPick={(times) => change({ times })} />
      <button type="button" className="log-tool" aria-pressed={view.wraps} title="Wrap long lines (w)" onClick={() => change({ wraps: !view.wraps })}>
        Wrap
      </button>
      <button type="button" className="log-tool" aria-pressed={view.rains} title="Signs that fall as lines arrive; decoration" onClick={() => change({ rains: !view.rains })}>
        Rain
      </button>
      <span className="grow" />
      <span className="log-said" role="status">
        {said}
      </span>
      <button type="button" className="log-tool" title="Copy the picked lines, or all (c)" onClick={onCopy}>
        {view.picked ? "Copy lines" : "Copy all"}
      </button>
      <button type="button" className="log-tool" onClick={() => download(`${textOf(log, 0, lines - 1)}\n`, `${name}.txt`)}>
        Download
      </button>
      <button type="button" className="log-tool" title="With its colour codes" onClick={() => download(rawOf(log, lines), `${name}.log`)}>
        Raw
      </button>
    </div>
  );
}

interface PickProps<T extends string> {
  label: string;
  value: T;
  choices: [T, string][];
  onPick: (value: T) => void;
}

function Pick<T extends string>({ label, value, choices, onPick }: PickProps<T>) {
  const id = useId();
  return (
    <>
      <label className="visually-hidden" htmlFor={id}>
        {label}
      </label>
      <select id={id} className="log-tool" value={value} onChange={(event) => onPick(event.target.value as T)}>
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </>
  );
}
