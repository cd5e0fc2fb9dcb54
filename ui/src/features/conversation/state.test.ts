import { describe, expect, it } from "vitest";
import type { StreamEvent } from "../../lib/events";
import { announcements, sentences } from "./announce";
import { withEchoes } from "./echoes";
import { type Entry, isPending, isWorking, lastUserMessage, NOTHING_SAID, type Thread } from "./entries";
import { addEvent, SHOWN_CHARACTERS } from "./state";
import { spent } from "./Status";

type Told = [type: string, data: Record<string, unknown>];

function thread(...told: Told[]): Thread {
  const events = told.map(([type, data], index): StreamEvent => ({ seq: index + 1, type, at: "", data }));
  return events.reduce(addEvent, NOTHING_SAID);
}

const user = (message: string, turn: string, more = {}): Told => ["message.finished", { message, role: "user", text: message, turn, ...more }];
const answer = (message: string, turn: string | null, more = {}): Told => [
  "message.finished",
  { message, role: "assistant", text: message, turn, ...more },
];
const asked = (approval: string, turn: string): Told => [
  "approval.requested",
  { approval, call: "c1", tool: "remove_app", arguments: { app: "shop" }, digest: "d", tier: 5, title: "Remove shop", why: "w", typed_name: "shop", fields: [], turn },
];

function only<K extends Entry["kind"]>(found: Thread, kind: K): Extract<Entry, { kind: K }> {
  const entries = found.entries.filter((entry) => entry.kind === kind);
  expect(entries).toHaveLength(1);
  return entries[0] as Extract<Entry, { kind: K }>;
}

describe("messages", () => {
  it("stream in, and the end has the last word", () => {
    const streamed: Told[] = [
      ["message.started", { message: "a", role: "assistant", turn: "t" }],
      ["message.delta", { message: "a", text: "one " }],
      ["message.delta", { message: "a", text: "two" }],
    ];
    expect(only(thread(...streamed), "message")).toMatchObject({ text: "one two", streaming: true });
    const ended = thread(...streamed, answer("a", "t", { text: "One. Two." }));
    expect(only(ended, "message")).toMatchObject({ text: "One. Two.", streaming: false });
  });

  it("are replaced when another endpoint took over", () => {
    const found = thread(
      ["message.started", { message: "a", role: "assistant" }],
      ["message.delta", { message: "a", text: "half an ans" }],
      ["endpoint.switched", { from: "us", to: "eu", reason: "the stream broke" }],
      ["message.delta", { message: "a", text: "A whole", replace: true }],
      ["message.delta", { message: "a", text: " answer" }],
    );
    expect(only(found, "message").text).toBe("A whole answer");
    expect(only(found, "notice").text).toBe("Went on at eu instead of us (the stream broke)");
  });

  it("are bounded, however long a model goes on", () => {
    const found = thread(["message.started", { message: "a" }], ["message.delta", { message: "a", text: "x".repeat(SHOWN_CHARACTERS + 9) }]);
    expect(only(found, "message").text).toHaveLength(SHOWN_CHARACTERS);
  });

  it("that were edited take the old one and what followed out of view, and out of what waits", () => {
    const found = thread(user("m1", "t1"), answer("a1", "t1"), user("m2", "t2"), asked("p1", "t2"), user("m3", "t3", { replaces: "m2" }));
    expect(found.entries.map((entry) => [entry.id, entry.cut])).toEqual([
      ["m1", false],
      ["a1", false],
      ["m2", true],
      ["p1", true],
      ["m3", false],
    ]);
    expect(found.entries.some(isPending)).toBe(false);
    expect(lastUserMessage(found)?.id).toBe("m3");
  });

  it("show a deployment once, where it is first spoken of", () => {
    const found = thread(
      ["tool.called", { call: "c", tool: "deploy", title: "Deploying", turn: "t" }],
      ["tool.finished", { call: "c", ok: true, deployment: "dep_1", turn: "t" }],
      answer("a", "t", { deployment: "dep_1" }),
      answer("b", null, { deployment: "dep_2" }),
    );
    expect(found.entries.map((entry) => "deployment" in entry && entry.deployment)).toEqual(["dep_1", null, "dep_2"]);
  });

  it("carry what can be done about them", () => {
    const actions = [{ label: "Retry", say: "deploy shop" }, { label: "Logs", url: "https://a.example" }, { label: "Apply", edit: "e", accept: true }];
    expect(only(thread(answer("a", null, { actions })), "message").actions).toEqual([
      { label: "Retry", say: "deploy shop", url: null, edit: null },
      { label: "Logs", say: null, url: "https://a.example", edit: null },
      { label: "Apply", say: null, url: null, edit: "e" },
    ]);
  });
});

describe("what was just sent", () => {
  const echo = { clientId: "c1", text: "deploy sample", problem: null };

  it("is shown at once, at the end, and is waited for", () => {
    const shown = withEchoes(thread(user("m0", "t0"), answer("a0", "t0")), [echo]);
    expect(shown.entries.at(-1)).toMatchObject({ role: "user", text: "deploy sample", sending: true });
    expect(isWorking(shown)).toBe(true);
  });

  it("stays where it is when it could not be sent, and nothing waits for it", () => {
    const shown = withEchoes(thread(user("m0", "t0"), answer("a0", "t0")), [{ ...echo, problem: "DevGem does not answer." }]);
    expect(shown.entries.at(-1)).toMatchObject({ text: "deploy sample", sending: false, unsent: "DevGem does not answer." });
    expect(isWorking(shown)).toBe(false);
  });

  it("gives way to its event, whatever that says, and to no other", () => {
    const other: Told = ["message.finished", { message: "m1", role: "user", text: "deploy sample", client_id: "c2" }];
    expect(withEchoes(thread(other), [echo]).entries).toHaveLength(2);
    const own: Told = ["message.finished", { message: "m1", role: "user", text: "deploy [hidden]", client_id: "c1" }];
    const found = thread(own);
    expect(withEchoes(found, [echo])).toBe(found);
  });
});

describe("a turn", () => {
  it("goes on from the message to the end of its answer", () => {
    expect(isWorking(thread(user("m", "t")))).toBe(true);
    expect(isWorking(thread(user("m", "t"), answer("a", "t")))).toBe(false);
  });

  it("goes on after a first answer when a tool is called", () => {
    const told: Told[] = [user("m", "t"), answer("a", "t"), ["tool.called", { call: "c", tool: "deploy", turn: "t" }]];
    expect(isWorking(thread(...told))).toBe(true);
    expect(isWorking(thread(...told, answer("b", "t")))).toBe(false);
  });

  it("begins some time after its message, in the order of the messages", () => {
    const said = (message: string): Told => ["message.finished", { message, role: "user", text: message, replaces: null }];
    const two = [said("m1"), said("m2")];
    expect(isWorking(thread(...two, answer("a1", "t1")))).toBe(true);
    expect(isWorking(thread(...two, answer("a1", "t1"), ["tool.called", { call: "c", turn: "t1" }], answer("b1", "t1")))).toBe(true);
    expect(isWorking(thread(...two, answer("a1", "t1"), answer("a2", "t2")))).toBe(false);
    expect(isWorking(thread(...two, answer("news", null), answer("a1", "t1")))).toBe(true);
    const edited: Told = ["message.finished", { message: "m3", role: "user", text: "m3", replaces: "m1" }];
    expect(isWorking(thread(...two, edited, answer("a3", "t3")))).toBe(false);
    expect(isWorking(thread(...two, ["message.started", { message: "a1", turn: "t1" }], edited, answer("a3", "t3")))).toBe(false);
  });

  it("that waits for its place goes on after the one before it", () => {
    expect(isWorking(thread(user("m1", "t1"), user("m2", "t2"), answer("a1", "t1")))).toBe(true);
  });

  it("is not ended by what is told of a deployment meanwhile", () => {
    expect(isWorking(thread(user("m", "t"), answer("news", null)))).toBe(true);
  });

  it("rests while it waits for consent", () => {
    const told: Told[] = [user("m", "t"), asked("p", "t")];
    expect(isWorking(thread(...told))).toBe(false);
    expect(isWorking(thread(...told, ["approval.granted", { approval: "p", by: "operator" }]))).toBe(true);
  });

  it("without a name, as older histories have them, ends with any answer", () => {
    const old: Told[] = [
      ["message.finished", { message: "m", role: "user", text: "help" }],
      ["message.finished", { message: "a", role: "assistant", text: "Hello." }],
    ];
    expect(isWorking(thread(...old))).toBe(false);
  });

  it("tells how long it waits for a model, until it goes on", () => {
    const told: Told[] = [user("m", "t"), ["quota.refused", { seconds: 4, ahead: 2, turn: "t" }]];
    expect(thread(...told).waiting).toEqual({ turn: "t", seconds: 4, ahead: 2 });
    expect(thread(...told, answer("news", null)).waiting).not.toBeNull();
    expect(thread(...told, ["message.started", { message: "a", turn: "t" }]).waiting).toBeNull();
  });
});

describe("approvals and edits", () => {
  it("an approval is pending until it is answered, on whichever device", () => {
    const told = asked("p", "t");
    expect(thread(told).entries.filter(isPending)).toHaveLength(1);
    const denied = only(thread(told, ["approval.denied", { approval: "p", by: "", reason: "a new message came" }]), "approval");
    expect(denied).toMatchObject({ status: "denied", reason: "a new message came", typedName: "shop", digest: "d" });
  });

  it("a later edit of the same app makes the earlier one old, and leaves other apps' alone", () => {
    const proposed = (id: string, app: string): Told => ["edit.proposed", { edit: id, app, files: [] }];
    const found = thread(proposed("e1", "shop"), proposed("e2", "blog"), proposed("e3", "shop"));
    expect(found.entries.map((entry) => entry.kind === "edit" && entry.isNewest)).toEqual([false, true, true]);
  });

  it("an edit is applied in part, and says what it deployed", () => {
    const hunks = [{ hunk: "h1", header: "@@", lines: ["-a", "+b"] }, { hunk: "h2", header: "@@", lines: ["+c"] }];
    const told: Told = ["edit.proposed", { edit: "e", app: "shop", summary: "Blue", files: [{ path: "a.css", change: "modified", hunks }], flags: [], checks: [] }];
    const found = thread(told, answer("a", null), ["edit.applied", { edit: "e", accepted: ["h1"], deployment: "dep_1" }]);
    expect(only(found, "edit")).toMatchObject({ status: "applied", accepted: ["h1"] });
    // Not under its card, which may be far up.
    expect(found.entries.at(-1)).toMatchObject({ kind: "deployment", deployment: "dep_1" });
    expect(only(thread(told, ["edit.reverted", { edit: "e" }]), "edit").status).toBe("reverted");
  });
});

describe("what is not understood", () => {
  it("an unknown event is shown as it is", () => {
    expect(only(thread(["incident.opened", { app: "shop" }]), "unknown")).toMatchObject({ type: "incident.opened", data: { app: "shop" } });
  });

  it.each([
    "message.started",
    "message.delta",
    "message.finished",
    "tool.called",
    "tool.finished",
    "approval.requested",
    "approval.granted",
    "edit.proposed",
    "edit.applied",
    "edit.reverted",
    "endpoint.switched",
    "quota.refused",
  ])("%s with data of any shape is no error", (type) => {
    for (const junk of [null, 5, "x", [], [null], {}, { a: [1] }]) {
      const names = ["message", "role", "text", "call", "arguments", "approval", "fields", "edit", "files", "flags", "checks", "actions", "usage", "turn", "seconds"];
      const found = thread([type, Object.fromEntries(names.map((name) => [name, junk]))]);
      expect(announcements(found.entries)).toBeInstanceOf(Array);
    }
  });
});

it("the same events give the same state however they were cut into batches", () => {
  const told = [user("m", "t"), asked("p", "t"), ["approval.denied", { approval: "p" }] as Told, answer("a", "t"), user("m2", "t2", { replaces: "m" })];
  const once = thread(...told);
  const resumed = told.map(([type, data], index) => ({ seq: index + 1, type, at: "", data })).reduce((state, event) => addEvent(state, event), NOTHING_SAID);
  expect(resumed).toEqual(once);
});

describe("what is read out", () => {
  it("is whole sentences, the rest once the message has ended", () => {
    expect(sentences("It runs. The link is ht", false)).toEqual(["It runs."]);
    expect(sentences("It runs. The link is https://a.example", true)).toEqual(["It runs.", "The link is https://a.example"]);
  });

  it("names what needs consent", () => {
    expect(announcements(thread(asked("p", "t")).entries).map(({ text }) => text)).toEqual(["Your consent is needed: Remove shop"]);
  });
});

it("what was spent is said with its limit", () => {
  const usage = { turn_tokens: 1234, conversation_tokens: 5678, day_tokens: 40_000, day_limit: 1_000_000, cost_usd: 0.0123 };
  const found = thread(answer("a", "t", { usage }));
  expect(found.usage && spent(found.usage)).toBe("1.2K tokens, 5.7K in this conversation, 40K of 1M today, $0.012");
});
