/** Measurements as charts need them: one value a step, also for steps in which nothing was asked. */
import type { Metrics } from "./calls";

export interface Measures {
  requests: number[];
  errors: number[];
  /** Seconds; null where nothing was asked. */
  p50: (number | null)[];
  p99: (number | null)[];
  total: number;
  failed: number;
}

/** The last `windowSeconds` up to `now`, oldest first. */
export function counts(metrics: Metrics, windowSeconds: number, now = Date.now()): Measures {
  const step = Math.max(1, metrics.step_seconds);
  const length = Math.max(2, Math.ceil(windowSeconds / step));
  const start = Math.floor(now / 1000 / step) - length + 1;
  const found: Measures = { requests: Array<number>(length).fill(0), errors: Array<number>(length).fill(0), p50: Array<null>(length).fill(null), p99: Array<null>(length).fill(null), total: 0, failed: 0 };
  for (const one of metrics.items) {
    const index = Math.floor(Date.parse(one.at) / 1000 / step) - start;
    if (index < 0 || index >= length) continue;
    found.requests[index] = one.requests;
    found.errors[index] = one.errors;
    found.p50[index] = one.p50_seconds ?? null;
    found.p99[index] = one.p99_seconds ?? null;
    found.total += one.requests;
    found.failed += one.errors;
  }
  return found;
}
