export function seconds(value: number | null | undefined): string {
  if (value == null) return "";
  if (value < 60) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function milliseconds(valueSeconds: number): string {
  return `${Math.round(valueSeconds * 1000)} ms`;
}

const STEPS = [
  [60, "second"],
  [3600, "minute"],
  [86_400, "hour"],
  [Infinity, "day"],
] as const;
const UNIT = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** How long ago a time was, in words of the reader's language. */
export function ago(at: string, now = Date.now()): string {
  const past = Math.max(0, (now - Date.parse(at)) / 1000);
  const unit = (STEPS.find(([below]) => past < below) ?? STEPS[3])[1];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(-Math.floor(past / UNIT[unit]), unit);
}

export function moment(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
