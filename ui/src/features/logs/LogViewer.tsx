import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { LogLine } from "../../lib/log";
import { LogNews } from "./LogNews";
import { LogSearch } from "./LogSearch";
import { LogToolbar } from "./LogToolbar";
import { LogWindow, LINE_PX } from "./LogWindow";
import { textOf } from "./keep";
import { Rain } from "./Rain";
import { useAddress } from "./address";
import { useColumns } from "./columns";
import { onKeys } from "./keys";
import { hashOf, type Range } from "./search";
import { type Change, opened, type Shown, useShown, useView, type View } from "./view";
import "./logs.css";

interface Props {
  log: LogLine[];
  lines: number;
  label?: string;
  /** What a download of it is called. */
  name?: string;
  /** The page that shows this log alone: lines are linked to it. */
  href?: string | null;
  /** This is that page: the line in the address is gone to, and lines that are picked are put into it. */
  isPage?: boolean;
  isRunning?: boolean;
  /** A line to go to; every new object goes there again. */
  target?: { line: number } | null;
}

/** A log in the chat, on a page of its own, or of an app that runs. The lines it is given may grow in place. */
export function LogViewer(props: Props) {
  const { log, lines, label = "Build log", name = "log", href = null, isPage = false, isRunning = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, change] = useView(true);
  const shown = useShown(log, lines, view, useColumns(box, view.times !== "off"));
  const go = useGo(props, box, view, shown, change);
  const { said, copy } = useCopy(box, log, view.picked ?? [0, lines - 1]);
  // Stable, so that rows are drawn anew only for news of their own.
  const pick = useCallback((line: number, isRange: boolean) => change(({ picked }) => ({ picked: pickedAfter(picked, line, isRange) })), [change]);
  useEffect(() => {
    if (isPage && view.picked) history.replaceState(history.state, "", hashOf(view.picked));
  }, [isPage, view.picked]);
  const close = () => {
    change({ isSearching: false, query: "" });
    box.current?.focus();
  };
  const onKeyDown = onKeys({
    "/": () => change({ isSearching: true }),
    f: () => change({ follows: !view.follows, leftAt: lines }),
    w: () => change({ wraps: !view.wraps }),
    c: copy,
    e: () => shown.firstError !== null && go(shown.firstError),
    Escape: () => change({ picked: null, isSearching: false }),
  });
  const missed = lines - view.leftAt;
  return (
    <div className={isPage ? "logview logview-page" : "logview"}>
      <LogToolbar log={log} lines={lines} name={name} view={view} shown={shown} change={change} onGo={go} onCopy={copy} said={said} />
      {view.isSearching && <LogSearch view={view} shown={shown} change={change} onGo={go} onClose={close} />}
      <div className="log-frame">
        <LogWindow box={box} log={log} lines={lines} label={label} href={href} view={view} shown={shown} change={change} onPick={pick} onKeyDown={onKeyDown} />
        {view.rains && isRunning && view.follows && <Rain lines={lines} />}
        {!view.follows && (
          <button type="button" className="button log-follow" onClick={() => change({ follows: true })}>
            {missed > 0 ? `${missed.toLocaleString("en")} new ${missed === 1 ? "line" : "lines"} ↓` : "Follow ↓"}
          </button>
        )}
      </div>
      {isRunning && <LogNews log={log} lines={lines} />}
    </div>
  );
}

/** Goes to a line, opening the fold that hides it; to the target at once, and to what the address names. */
function useGo({ lines, target = null, isPage = false }: Props, box: RefObject<HTMLDivElement | null>, view: View, shown: Shown, change: (change: Change) => void) {
  const go = (line: number) => {
    const fits = box.current !== null && box.current.scrollHeight <= box.current.clientHeight;
    change({ at: line, follows: fits, leftAt: lines, toggled: opened(view, shown, line) });
    const row = Math.max(0, shown.rows.rowOf(line));
    const above = (box.current?.clientHeight ?? 0) / 3;
    box.current?.scrollTo({ top: Math.max(0, shown.rows.startOf(row) * LINE_PX - above) });
  };
  useEffect(() => {
    if (target) go(target.line);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a target is gone to once
  }, [target]);
  useAddress(isPage, lines, (picked) => {
    change({ picked });
    go(picked[0]);
  });
  return go;
}

/** What is selected by hand, or else the lines given. */
function useCopy(box: RefObject<HTMLDivElement | null>, log: LogLine[], [from, to]: Range) {
  const [said, setSaid] = useState("");
  const copy = () => {
    const selection = getSelection();
    const isOwn = box.current?.contains(selection?.anchorNode ?? null) ?? false;
    const text = (isOwn && selection?.toString()) || textOf(log, from, to);
    navigator.clipboard.writeText(text).then(
      () => setSaid(`Copied ${text.split("\n").length.toLocaleString("en")} lines`),
      () => setSaid("The browser did not let it be copied"),
    );
  };
  return { said, copy };
}

function pickedAfter(picked: Range | null, line: number, isRange: boolean): Range | null {
  if (isRange && picked) return picked[0] <= line ? [picked[0], line] : [line, picked[0]];
  return picked?.[0] === line && picked[1] === line ? null : [line, line];
}
