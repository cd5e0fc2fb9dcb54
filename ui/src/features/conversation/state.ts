/** A conversation is a fold over the events of its stream: every device that has seen the same events shows the same. */
import type { StreamEvent } from "../../lib/events";
import { GAP } from "../../lib/subscriptions";
import { diff } from "./diff";
import type { Action, Approval, Call, Edit, Entry, Message, Thread, Usage } from "./entries";
import { type Data, number, record, records, text, textOrNull, texts } from "./read";

/** What is shown of one message; a model that repeats itself without end must not take the page with it. */
export const SHOWN_CHARACTERS = 250_000;

export function addEvent(thread: Thread, event: StreamEvent): Thread {
  const { data } = event;
  const heard = event.type === "quota.refused" ? thread : stopWaiting(thread, data);
  switch (event.type) {
    case "message.started":
      return put(begin(heard, data), message(data, { text: "", streaming: true }));
    case "message.delta":
      return change(heard, "message", text(data, "message"), (known: Message) => ({
        text: ((data.replace ? "" : known.text) + text(data, "text")).slice(0, SHOWN_CHARACTERS),
      }));
    case "message.finished":
      return finish(heard, data);
    case "tool.called":
      return put(begin(heard, data), call(data));
    case "tool.finished":
      return change(heard, "call", text(data, "call"), () => ({
        status: data.ok ? "ok" : "failed",
        summary: text(data, "summary"),
        deployment: unseen(heard, textOrNull(data, "deployment")),
      }));
    case "approval.requested":
      return put(begin(heard, data), approval(data));
    case "approval.granted":
    case "approval.denied":
      return change(heard, "approval", text(data, "approval"), (): Partial<Approval> => ({
        status: event.type === "approval.granted" ? "granted" : "denied",
        by: text(data, "by"),
        reason: text(data, "reason"),
      }));
    case "edit.proposed":
      return put(age(heard, text(data, "app")), edit(data));
    case "edit.applied":
      return begun(
        change(heard, "edit", text(data, "edit"), (): Partial<Edit> => ({ status: "applied", accepted: texts(data, "accepted") })),
        unseen(heard, textOrNull(data, "deployment")),
      );
    case "edit.reverted":
      return change(heard, "edit", text(data, "edit"), (): Partial<Edit> => ({ status: "reverted" }));
    case "endpoint.switched":
      return put(heard, { kind: "notice", id: `event-${event.seq}`, cut: false, text: switched(data) });
    case "quota.refused":
      return {
        ...heard,
        waiting: { turn: textOrNull(data, "turn"), seconds: number(data, "seconds") ?? 0, ahead: number(data, "ahead") ?? 0 },
      };
    case GAP:
      return put(heard, { kind: "notice", id: `event-${event.seq}`, cut: false, text: "What was said before is not kept any more." });
    default:
      return put(heard, { kind: "unknown", id: `event-${event.seq}`, cut: false, type: event.type, data });
  }
}

/** Adds the entry, or puts it in the place of the one that it is the news of. */
function put(thread: Thread, entry: Entry): Thread {
  const at = thread.entries.findLastIndex((known) => known.kind === entry.kind && known.id === entry.id);
  const entries = at < 0 ? [...thread.entries, entry] : thread.entries.with(at, { ...entry, cut: thread.entries[at]?.cut ?? false });
  return { ...thread, entries };
}

/** The card of an edit may be far up: what it began is shown where the conversation is. */
function begun(thread: Thread, deployment: string | null): Thread {
  return deployment === null ? thread : put(thread, { kind: "deployment", id: `deployment-${deployment}`, cut: false, deployment });
}

/** What was proposed for the app before is not the newest any more. */
function age(thread: Thread, app: string): Thread {
  const isOlder = (entry: Entry) => entry.kind === "edit" && entry.app === app && entry.isNewest;
  return { ...thread, entries: thread.entries.map((entry) => (isOlder(entry) ? { ...entry, isNewest: false } : entry)) };
}

function change<E extends Entry>(thread: Thread, kind: E["kind"], id: string, news: (known: E) => Partial<E>): Thread {
  const at = thread.entries.findLastIndex((entry) => entry.kind === kind && entry.id === id);
  if (at < 0) return thread;
  const known = thread.entries[at] as E;
  return { ...thread, entries: thread.entries.with(at, { ...known, ...news(known) }) };
}

/** The turn goes on. One that was not heard of before is that of the message that has waited longest. */
function begin(thread: Thread, data: Data): Thread {
  const turn = textOrNull(data, "turn");
  if (turn === null || thread.turns.includes(turn)) return thread;
  const next = { ...thread, turns: [...thread.turns, turn] };
  const [first, ...unbegun] = thread.unbegun;
  if (first === undefined || thread.entries.some((entry) => "turn" in entry && entry.turn === turn)) return next;
  return change({ ...next, unbegun }, "message", first, (): Partial<Message> => ({ turn }));
}

function finish(thread: Thread, data: Data): Thread {
  const entry = message(data, { text: text(data, "text").slice(0, SHOWN_CHARACTERS), streaming: false });
  const said = { ...entry, deployment: unseen(thread, entry.deployment) };
  if (entry.role === "user") {
    const after = put(cut(thread, textOrNull(data, "replaces")), said);
    return entry.turn === null ? { ...after, unbegun: [...after.unbegun, entry.id] } : begin(after, data);
  }
  const begun = begin(thread, data);
  const ended = { ...put(begun, said), usage: usage(data) ?? thread.usage };
  // Histories of before there were turns have one answer for each message.
  if (!("turn" in data)) return { ...ended, turns: [], unbegun: [] };
  return { ...ended, turns: begun.turns.filter((turn) => turn !== entry.turn) };
}

/** A message that was edited takes the place of the old one and of all that came after it. */
function cut(thread: Thread, replaced: string | null): Thread {
  const from = replaced === null ? -1 : thread.entries.findIndex((entry) => entry.kind === "message" && entry.id === replaced);
  if (from < 0) return thread;
  const gone = thread.entries.slice(from);
  const has = (name: string) => gone.some((entry) => entry.id === name || ("turn" in entry && entry.turn === name));
  return {
    ...thread,
    entries: thread.entries.map((entry, at) => (at < from ? entry : { ...entry, cut: true })),
    turns: thread.turns.filter((turn) => !has(turn)),
    unbegun: thread.unbegun.filter((message) => !has(message)),
  };
}

function stopWaiting(thread: Thread, data: Data): Thread {
  const over = thread.waiting !== null && (data.turn ?? null) === thread.waiting.turn;
  return over ? { ...thread, waiting: null } : thread;
}

/** A deployment is shown once, where it is first spoken of. */
function unseen(thread: Thread, deployment: string | null): string | null {
  const seen = thread.entries.some((entry) => "deployment" in entry && entry.deployment === deployment);
  return seen ? null : deployment;
}

function message(data: Data, rest: Pick<Message, "text" | "streaming">): Message {
  return {
    kind: "message",
    id: text(data, "message"),
    clientId: textOrNull(data, "client_id"),
    sending: false,
    cut: false,
    role: data.role === "user" ? "user" : "assistant",
    deployment: textOrNull(data, "deployment"),
    turn: textOrNull(data, "turn"),
    stopped: textOrNull(data, "stopped"),
    actions: records(data, "actions").map(action),
    ...rest,
  };
}

function action(data: Data): Action {
  return { label: text(data, "label"), say: textOrNull(data, "say"), url: textOrNull(data, "url"), edit: textOrNull(data, "edit") };
}

function usage(data: Data): Usage | null {
  const used = record(data, "usage");
  if (Object.keys(used).length === 0) return null;
  return {
    turnTokens: number(used, "turn_tokens") ?? 0,
    conversationTokens: number(used, "conversation_tokens") ?? 0,
    dayTokens: number(used, "day_tokens") ?? 0,
    dayLimit: number(used, "day_limit"),
    costUsd: number(used, "cost_usd"),
  };
}

function call(data: Data): Call {
  return {
    kind: "call",
    id: text(data, "call"),
    cut: false,
    tool: text(data, "tool"),
    title: text(data, "title") || text(data, "tool"),
    arguments: record(data, "arguments"),
    status: "running",
    summary: "",
    deployment: null,
    turn: textOrNull(data, "turn"),
  };
}

function approval(data: Data): Approval {
  return {
    kind: "approval",
    id: text(data, "approval"),
    cut: false,
    tool: text(data, "tool"),
    title: text(data, "title") || text(data, "tool"),
    why: text(data, "why"),
    arguments: record(data, "arguments"),
    digest: text(data, "digest"),
    tier: number(data, "tier") ?? 0,
    typedName: textOrNull(data, "typed_name"),
    fields: records(data, "fields").map((field) => ({ name: text(field, "name"), secret: field.secret !== false })),
    status: "pending",
    by: "",
    reason: "",
    turn: textOrNull(data, "turn"),
  };
}

function edit(data: Data): Edit {
  return {
    kind: "edit",
    id: text(data, "edit"),
    cut: false,
    app: text(data, "app"),
    summary: text(data, "summary"),
    ...diff(data),
    flags: records(data, "flags").map((flag) => ({
      path: text(flag, "path"),
      line: number(flag, "line"),
      kind: text(flag, "kind"),
      detail: text(flag, "detail"),
    })),
    checks: records(data, "checks").map((check) => ({ name: text(check, "name"), ok: check.ok === true, detail: text(check, "detail") })),
    status: "proposed",
    isNewest: true,
    accepted: [],
  };
}

function switched(data: Data): string {
  const reason = text(data, "reason");
  return `Went on at ${text(data, "to")} instead of ${text(data, "from")}${reason && ` (${reason})`}`;
}
