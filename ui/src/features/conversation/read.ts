/** Reads the data of events: what is missing or of another shape becomes a harmless value, and never an error. */
export type Data = Record<string, unknown>;

export function text(data: Data, name: string): string {
  const value = data[name];
  return typeof value === "string" ? value : "";
}

export function textOrNull(data: Data, name: string): string | null {
  return text(data, name) || null;
}

export function number(data: Data, name: string): number | null {
  const value = data[name];
  return typeof value === "number" ? value : null;
}

export function record(data: Data, name: string): Data {
  const value = data[name];
  return isRecord(value) ? value : {};
}

export function records(data: Data, name: string): Data[] {
  const value = data[name];
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function texts(data: Data, name: string): string[] {
  const value = data[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isRecord(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
