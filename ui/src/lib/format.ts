export function seconds(value: number | null | undefined): string {
  if (value == null) return "";
  if (value < 60) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function milliseconds(valueSeconds: number): string {
  return `${Math.round(valueSeconds * 1000)} ms`;
}
