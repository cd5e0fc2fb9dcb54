/** What a screen reader is told of the entries: whole sentences as they are completed, not characters. */
import type { Entry } from "./entries";

export interface Announcement {
  key: string;
  text: string;
}

export function announcements(entries: Entry[]): Announcement[] {
  return entries.flatMap((entry) => says(entry).map((text, index) => ({ key: `${entry.id}-${index}`, text })));
}

function says(entry: Entry): string[] {
  switch (entry.kind) {
    case "message":
      return entry.role === "user" ? [] : sentences(entry.text, !entry.streaming);
    case "call":
      return entry.status === "failed" ? [entry.title, `Failed: ${entry.summary}`] : [entry.title];
    case "approval":
      return [`Your consent is needed: ${entry.title}`, ...(entry.status === "pending" ? [] : [entry.status])];
    case "edit":
      return [`Changes: ${entry.summary}`];
    case "notice":
      return [entry.text];
    case "deployment":
    case "unknown":
      return [];
  }
}

/** The sentences that are complete, and with `whole` what is left. */
export function sentences(text: string, whole: boolean): string[] {
  const found: string[] = [];
  let from = 0;
  for (const end of text.matchAll(/[.!?:]\s|\n+/g)) {
    found.push(text.slice(from, end.index + end[0].length));
    from = end.index + end[0].length;
  }
  if (whole) found.push(text.slice(from));
  return found.map((sentence) => sentence.trim()).filter(Boolean);
}
