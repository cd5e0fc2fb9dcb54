/** What a conversation shows, entry by entry, and what holds for all of it. */

export interface Message {
  kind: "message";
  id: string;
  /** Its sender's own name for it. */
  clientId: string | null;
  cut: boolean;
  role: "user" | "assistant";
  text: string;
  streaming: boolean;
  /** It is on its way, and not in the conversation yet. */
  sending: boolean;
  /** Why it could not be sent. */
  unsent?: string | null;
  deployment: string | null;
  turn: string | null;
  /** Why the answer ended before its end: user, budget, steps, time or error; null when it did not. */
  stopped: string | null;
  actions: Action[];
}

/** What can be done about a message by a click: say something, open an address, or accept an edit. */
export interface Action {
  label: string;
  say: string | null;
  url: string | null;
  edit: string | null;
}

export interface Call {
  kind: "call";
  id: string;
  cut: boolean;
  tool: string;
  title: string;
  arguments: Record<string, unknown>;
  status: "running" | "ok" | "failed";
  summary: string;
  deployment: string | null;
  turn: string | null;
}

export interface Approval {
  kind: "approval";
  id: string;
  cut: boolean;
  tool: string;
  title: string;
  why: string;
  arguments: Record<string, unknown>;
  digest: string;
  tier: number;
  typedName: string | null;
  fields: { name: string; secret: boolean }[];
  status: "pending" | "granted" | "denied";
  by: string;
  reason: string;
  turn: string | null;
}

export interface Hunk {
  id: string;
  header: string;
  lines: string[];
}
export interface FileChange {
  path: string;
  change: string;
  hunks: Hunk[];
}
export interface Rest {
  files: number;
  lines: number;
  next: number;
}
export interface Flag {
  path: string;
  line: number | null;
  kind: string;
  detail: string;
}
export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

export interface Edit {
  kind: "edit";
  id: string;
  cut: boolean;
  app: string;
  summary: string;
  files: FileChange[];
  /** What of the diff is not in `files`: it is to be looked up, from the hunk `next` on. */
  rest: Rest | null;
  flags: Flag[];
  checks: Check[];
  status: "proposed" | "applied" | "reverted";
  /** No later edit of the app was proposed. */
  isNewest: boolean;
  accepted: string[];
}

export interface Notice {
  kind: "notice";
  id: string;
  cut: boolean;
  text: string;
}

/** A deployment that began with something further up, and is shown where it began. */
export interface Begun {
  kind: "deployment";
  id: string;
  cut: boolean;
  deployment: string;
}

/** An event of a type that this page does not know. */
export interface Unknown {
  kind: "unknown";
  id: string;
  cut: boolean;
  type: string;
  data: Record<string, unknown>;
}

/** `cut` entries belong to a message that was edited and sent anew. */
export type Entry = Message | Call | Approval | Edit | Notice | Begun | Unknown;

export interface Usage {
  turnTokens: number;
  conversationTokens: number;
  dayTokens: number;
  dayLimit: number | null;
  costUsd: number | null;
}

export interface Thread {
  entries: Entry[];
  /** The turns that have begun and not ended. */
  turns: string[];
  /** The user's messages that wait for their turn to begin; turns begin in this order. */
  unbegun: string[];
  /** The model is waited for: about so long, behind so many. */
  waiting: { turn: string | null; seconds: number; ahead: number } | null;
  usage: Usage | null;
}

export const NOTHING_SAID: Thread = { entries: [], turns: [], unbegun: [], waiting: null, usage: null };

/** A turn goes on, and not because it waits for the user. */
export function isWorking(thread: Thread): boolean {
  const asked = new Set(thread.entries.map((entry) => (isPending(entry) ? entry.turn : null)));
  return thread.unbegun.length > 0 || thread.turns.some((turn) => !asked.has(turn));
}

export function isPending(entry: Entry): entry is Approval {
  return entry.kind === "approval" && entry.status === "pending" && !entry.cut;
}

export function lastUserMessage(thread: Thread): Message | null {
  const found = thread.entries.findLast((entry) => entry.kind === "message" && entry.role === "user" && !entry.cut && !entry.unsent);
  return found?.kind === "message" ? found : null;
}
