import { useCallback, useState } from "react";
import { Chart } from "../../components/Chart";
import { Trouble } from "../../components/Trouble";
import { milliseconds } from "../../lib/format";
import { usePolled } from "../../lib/polled";
import { calls } from "./calls";
import { counts, type Measures } from "./measures";

const EVERY_MS = 15_000;
const WINDOWS = [
  ["1h", "The last hour", 3600],
  ["6h", "Six hours", 21_600],
  ["24h", "A day", 86_400],
] as const;

/** Requests, errors and latency over time. */
export function MetricsTab({ app }: { app: string }) {
  const [chosen, setChosen] = useState<(typeof WINDOWS)[number]>(WINDOWS[0]);
  const [window, , windowSeconds] = chosen;
  const ask = useCallback(() => calls.metrics(app, window), [app, window]);
  const { value, problem } = usePolled(ask, EVERY_MS);
  return (
    <>
      <div className="buttons" role="group" aria-label="Window">
        {WINDOWS.map((one) => (
          <button key={one[0]} type="button" className="button" aria-pressed={one[0] === window} onClick={() => setChosen(one)}>
            {one[1]}
          </button>
        ))}
      </div>
      <Trouble problem={problem} />
      {value && <Charts measures={counts(value, windowSeconds)} />}
      {value && value.delay_seconds > 0 && (
        <p className="quiet">The cloud tells of these numbers up to {Math.round(value.delay_seconds / 60)} minutes late.</p>
      )}
    </>
  );
}

function Charts({ measures }: { measures: Measures }) {
  const { requests, errors, p50, p99, total, failed } = measures;
  const slow = worst(p99);
  const middle = worst(p50);
  const words = {
    requests: total === 0 ? "No requests" : `${total.toLocaleString()} requests, at most ${Math.max(...requests).toLocaleString()} in one step`,
    errors: failed === 0 ? "No answer was a 5xx" : `${failed.toLocaleString()} answers were a 5xx, ${((failed / total) * 100).toFixed(1)} %`,
    latency: slow === null || middle === null ? "Nothing to measure" : `At worst, half within ${milliseconds(middle)} and 99 % within ${milliseconds(slow)}`,
  };
  return (
    <div className="charts">
      <Figure title="Requests" words={words.requests} lines={[{ values: requests, className: "chart-requests" }]} />
      <Figure title="Errors" words={words.errors} lines={[{ values: errors, className: "chart-errors" }]} />
      <Figure
        title="Latency"
        words={words.latency}
        lines={[
          { values: p50, className: "chart-p50" },
          { values: p99, className: "chart-p99" },
        ]}
      />
    </div>
  );
}

function Figure({ title, words, lines }: { title: string; words: string; lines: { values: (number | null)[]; className: string }[] }) {
  return (
    <figure className="card">
      <figcaption>
        <h3>{title}</h3>
        <p className="quiet">{words}</p>
      </figcaption>
      <Chart label={`${title}: ${words}`} lines={lines} height={120} />
    </figure>
  );
}

function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
