import { useEffect, useRef, useState } from "react";
import { ansiSpans } from "../../lib/ansi";
import { visible } from "../../lib/visible";
import type { LogLine } from "./state";

const LINE_PX = 20;
const OVERSCAN = 20;
/** As .log in styles.css says. */
const VIEW_PX = 288;

/** A log of any length: only the lines in view are in the page. Follows the end until it is scrolled away from. */
export function LogView({ log, lines }: { log: LogLine[]; lines: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [following, setFollowing] = useState(true);
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, lines]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current as HTMLDivElement;
    setTop(scrollTop);
    setFollowing(scrollHeight - scrollTop - clientHeight < LINE_PX);
  };
  const first = Math.max(0, Math.floor(top / LINE_PX) - OVERSCAN);
  const last = Math.min(lines, Math.ceil((top + VIEW_PX) / LINE_PX) + OVERSCAN);
  return (
    <div className="log-frame">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
      <div className="log" ref={box} onScroll={onScroll} role="log" aria-live="off" aria-label="Build log" tabIndex={0}>
        <div className="log-sizer" style={{ height: lines * LINE_PX }}>
          <div className="log-window" style={{ transform: `translateY(${first * LINE_PX}px)` }}>
            {log.slice(first, last).map((line) => (
              <Line key={line.seq} line={line} />
            ))}
          </div>
        </div>
      </div>
      {!following && (
        <button type="button" className="button log-follow" onClick={() => setFollowing(true)}>
          Follow
        </button>
      )}
    </div>
  );
}

function Line({ line }: { line: LogLine }) {
  return (
    <div className={`log-line log-${line.stream}`}>
      {ansiSpans(line.text).map((span, index) => (
        <span key={index} className={span.className}>
          {visible(span.text)}
        </span>
      ))}
    </div>
  );
}
