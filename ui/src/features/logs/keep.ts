/** A log as text, to be copied or downloaded. */
import { plain } from "../../lib/ansi";
import type { LogLine } from "../../lib/log";
import { visible } from "../../lib/visible";

export function textOf(log: readonly LogLine[], from: number, to: number): string {
  return log.slice(from, to + 1).map(({ text }) => plain(text)).join("\n");
}

/** With its colours, as the build wrote it. */
export function rawOf(log: readonly LogLine[], lines: number): string {
  return log.slice(0, lines).map(({ text }) => text).join("\n") + "\n";
}

export function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** What stands before a line: the time of day, or the seconds since the first line. */
export function timeOf(line: LogLine, first: LogLine | undefined, times: "relative" | "absolute"): string {
  const at = Date.parse(line.at);
  if (Number.isNaN(at)) return "";
  if (times === "absolute") return new Date(at).toLocaleTimeString("en-GB", { hour12: false });
  const seconds = Math.max(0, (at - Date.parse(first?.at ?? line.at)) / 1000);
  return `+${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

/** What a screen reader is told of new lines, all at once and now and then. */
export function newsOf(log: readonly LogLine[], from: number, lines: number): string {
  const last = visible(plain(log[lines - 1]?.text ?? "")).slice(0, 120);
  return `${lines - from} new ${lines - from === 1 ? "line" : "lines"}. ${last}`;
}
