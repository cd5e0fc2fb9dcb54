import { useCallback, useState } from "react";
import { Empty } from "../../components/Empty";
import { Trouble } from "../../components/Trouble";
import { ansiSpans } from "../../lib/ansi";
import { usePolled } from "../../lib/polled";
import { useStickToEnd } from "../../lib/scroll";
import { visible } from "../../lib/visible";
import { calls, type LogLine } from "./calls";

const EVERY_MS = 3000;
const LEVELS = ["", "info", "warning", "error"] as const;

/** The last lines that an app wrote while it ran, filtered by the server, and what comes. */
export function Logs({ app }: { app: string }) {
  const [level, setLevel] = useState("");
  const [grep, setGrep] = useState("");
  const ask = useCallback(() => calls.logs(app, { level, grep }), [app, level, grep]);
  const { value, problem } = usePolled(ask, EVERY_MS);
  return (
    <>
      <div className="log-tools">
        <label className="field">
          Level
          <select value={level} onChange={(event) => setLevel(event.target.value)}>
            {LEVELS.map((one) => (
              <option key={one} value={one}>
                {one === "" ? "All" : `${one} and worse`}
              </option>
            ))}
          </select>
        </label>
        <label className="field grow">
          Lines that match
          <input type="search" placeholder="a word, or a regular expression" maxLength={500} value={grep} onChange={(event) => setGrep(event.target.value)} />
        </label>
      </div>
      <Trouble problem={problem} />
      {value?.length === 0 ? (
        <Empty title={level || grep ? "No line fits." : "It has written nothing yet."}>
          <p>What the app writes to its standard output and error comes here.</p>
        </Empty>
      ) : (
        value && <Lines lines={value} />
      )}
    </>
  );
}

function Lines({ lines }: { lines: LogLine[] }) {
  const { view, content } = useStickToEnd();
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard
    <div className="log app-log" ref={view} role="log" aria-live="off" aria-label="Log" tabIndex={0}>
      <div ref={content}>
        {lines.map((line) => (
          <div key={line.seq} className={`log-line log-${line.stream}`}>
            <span className="log-at">{new Date(line.at).toLocaleTimeString()} </span>
            {ansiSpans(line.text).map((span, index) => (
              <span key={index} className={span.className}>
                {visible(span.text)}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
