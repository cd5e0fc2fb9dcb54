import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useState } from "react";
import type { LogLine } from "../../lib/log";
import { timeOf } from "./keep";
import { FoldRow, LogRow } from "./LogRow";
import { hashOf } from "./search";
import type { Change, Shown, View } from "./view";

/** As logs.css has it. */
export const LINE_PX = 20;
const OVERSCAN = 20;
const FIRST_VIEW_PX = 800;
/** Whatever a style sheet says: no screen is higher, and all rows of a long log would end the page. */
const MOST_VIEW_PX = 6000;

interface Props {
  box: RefObject<HTMLDivElement | null>;
  log: LogLine[];
  lines: number;
  label: string;
  href: string | null;
  view: View;
  shown: Shown;
  change: (change: Change) => void;
  onPick: (line: number, isRange: boolean) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** A log of any length: only the rows in view are in the page. Follows the end until it is scrolled away from. */
export function LogWindow({ box, log, lines, label, href, view, shown, change, onPick, onKeyDown }: Props) {
  const { rows } = shown;
  const { top: scrolled, height, onScroll } = useScroll(box, view, lines, rows.height, change);
  // The end is drawn in the same moment in which it is scrolled to: a flood leaves no blank behind.
  const top = view.follows ? Math.max(0, rows.height * LINE_PX - height) : scrolled;
  const first = Math.max(0, rows.rowAt(top / LINE_PX) - OVERSCAN);
  const last = Math.min(rows.rows.length, rows.rowAt((top + height) / LINE_PX) + OVERSCAN);
  const toggle = (fold: number) => change(({ toggled }) => ({ toggled: toggled.has(fold) ? new Set([...toggled].filter((known) => known !== fold)) : new Set([...toggled, fold]) }));
  const row = (value: number) => {
    const fold = value < 0 ? rows.folds[-value - 1] : undefined;
    if (fold) return <FoldRow key={value} fold={fold} onToggle={() => toggle(-value - 1)} />;
    const line = log[value] as LogLine;
    const picked = view.picked;
    return (
      <LogRow
        key={line.seq}
        line={line}
        number={value + 1}
        time={view.times === "off" ? "" : timeOf(line, log[0], view.times)}
        pattern={view.isSearching ? shown.pattern : null}
        isPicked={picked !== null && value >= picked[0] && value <= picked[1]}
        isCurrent={view.at === value}
        href={href === null ? null : `${href}${hashOf([value, value])}`}
        onPick={onPick}
      />
    );
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- its keys are for whoever reads in it
    <div
      className={view.wraps ? "log log-wraps" : "log"}
      ref={box}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      role="log"
      aria-live="off"
      aria-label={label}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard
      tabIndex={0}
      data-numbers={String(lines).length}
    >
      <div className="log-sizer" style={{ height: rows.height * LINE_PX }}>
        <div className="log-window" style={{ transform: `translateY(${rows.startOf(first) * LINE_PX}px)` }}>
          {rows.rows.slice(first, last).map(row)}
        </div>
      </div>
    </div>
  );
}

function useScroll(box: Props["box"], view: View, lines: number, rowsHeight: number, change: Props["change"]) {
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(FIRST_VIEW_PX);
  const { follows } = view;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(Math.min(MOST_VIEW_PX, element.clientHeight || FIRST_VIEW_PX)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  useLayoutEffect(() => {
    if (follows) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [box, follows, lines, rowsHeight, height]);
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    setTop(element.scrollTop);
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < LINE_PX;
    if (isAtEnd !== follows) change({ follows: isAtEnd, leftAt: lines });
  };
  return { top, height, onScroll };
}
