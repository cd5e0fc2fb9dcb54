import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../../lib/api";
import { ApprovalCard, type Consent } from "./ApprovalCard";
import { Composer } from "./Composer";
import { EditCard, type EditAnswer } from "./EditCard";
import type { Approval, Edit, Message } from "./entries";
import { MessageEntry } from "./MessageEntry";

afterEach(cleanup);

const APPROVAL: Approval = {
  kind: "approval",
  id: "apr_1",
  cut: false,
  tool: "set_env",
  title: "Set STRIPE_KEY of shop",
  why: "it touches secrets",
  arguments: { app: "shop", names: ["STRIPE_KEY"] },
  digest: "d".repeat(64),
  tier: 4,
  typedName: null,
  fields: [],
  status: "pending",
  by: "",
  reason: "",
  turn: "t",
};

describe("an approval", () => {
  const answers: Consent[] = [];
  const onAnswer = (consent: Consent) => {
    answers.push(consent);
    return Promise.resolve();
  };
  beforeEach(() => void answers.splice(0));

  it("shows the exact arguments, also what would not be seen", () => {
    render(<ApprovalCard approval={{ ...APPROVAL, arguments: { app: "shop\u202egnp" } }} onAnswer={onAnswer} />);
    expect(screen.getByText("shop\\u{202e}gnp")).toBeTruthy();
    expect(screen.getByText("set_env")).toBeTruthy();
  });

  it("takes the focus without pressing anything, and can be answered by keyboard", async () => {
    render(<ApprovalCard approval={APPROVAL} onAnswer={onAnswer} />);
    expect(document.activeElement).toBe(screen.getByRole("region", { name: APPROVAL.title }));
    await userEvent.keyboard("{Enter}");
    expect(answers).toEqual([]);
    await userEvent.tab();
    await userEvent.keyboard("{Enter}");
    expect(answers).toEqual([{ granted: true, digest: APPROVAL.digest, typed_name: null, values: null }]);
  });

  it("leaves the focus with who is writing", () => {
    render(<textarea aria-label="Message" defaultValue="half a sen" />);
    screen.getByLabelText("Message").focus();
    render(<ApprovalCard approval={APPROVAL} onAnswer={onAnswer} />);
    expect(document.activeElement).toBe(screen.getByLabelText("Message"));
  });

  it("of what cannot be undone wants the name, to the letter", async () => {
    render(<ApprovalCard approval={{ ...APPROVAL, typedName: "shop" }} onAnswer={onAnswer} />);
    const approve = screen.getByRole<HTMLButtonElement>("button", { name: "Approve" });
    for (const wrong of ["sho", "Shop", "shop ", "yes"]) {
      await userEvent.clear(screen.getByRole("textbox"));
      await userEvent.type(screen.getByRole("textbox"), `${wrong}{Enter}`);
      expect(approve.disabled).toBe(true);
    }
    expect(answers).toEqual([]);
    await userEvent.clear(screen.getByRole("textbox"));
    await userEvent.type(screen.getByRole("textbox"), "shop{Enter}");
    expect(answers).toEqual([{ granted: true, digest: APPROVAL.digest, typed_name: "shop", values: null }]);
  });

  it("takes values of more than one line, all of them", async () => {
    const fields = [{ name: "STRIPE_KEY", secret: true }, { name: "PEM", secret: true }];
    render(<ApprovalCard approval={{ ...APPROVAL, fields }} onAnswer={onAnswer} />);
    const approve = screen.getByRole<HTMLButtonElement>("button", { name: "Approve" });
    await userEvent.type(screen.getByLabelText("STRIPE_KEY"), "sk_1");
    expect(approve.disabled).toBe(true);
    expect(screen.getByLabelText("STRIPE_KEY").className).toBe("masked");
    screen.getByLabelText("PEM").focus();
    await userEvent.paste("-----BEGIN\nx\n-----END");
    await userEvent.click(approve);
    expect(answers[0]?.values).toEqual({ STRIPE_KEY: "sk_1", PEM: "-----BEGIN\nx\n-----END" });
  });

  it("is denied without what would have been typed", async () => {
    render(<ApprovalCard approval={{ ...APPROVAL, typedName: "shop" }} onAnswer={onAnswer} />);
    await userEvent.type(screen.getByRole("textbox"), "shop");
    await userEvent.click(screen.getByRole("button", { name: "Deny" }));
    expect(answers).toEqual([{ granted: false, digest: APPROVAL.digest, typed_name: null, values: null }]);
  });

  it("says when another device was faster", async () => {
    render(<ApprovalCard approval={APPROVAL} onAnswer={() => Promise.reject(new Problem("it was answered already", 409, ""))} />);
    await userEvent.click(screen.getByRole("button", { name: "Approve" }));
    expect((await screen.findByRole("alert")).textContent).toContain("it was answered already");
  });

  it.each([
    [{ ...APPROVAL, status: "granted", by: "operator" } as const, "Approved by operator"],
    [{ ...APPROVAL, status: "denied", reason: "a new message came" } as const, "Denied: a new message came"],
    [{ ...APPROVAL, cut: true }, "It is not asked for any more."],
  ])("that is over cannot be answered", (approval, says) => {
    render(<ApprovalCard approval={approval} onAnswer={onAnswer} />);
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByText(says)).toBeTruthy();
  });
});

const EDIT: Edit = {
  kind: "edit",
  id: "edt_1",
  cut: false,
  app: "shop",
  summary: "Make the background blue",
  files: [
    {
      path: "style.css",
      change: "modified",
      hunks: [
        { id: "h1", header: "@@ -1,2 +1,2 @@", lines: [" body {", "-  background: white;", "+  background: blue;"] },
        { id: "h2", header: "@@ -9 +9 @@", lines: ["+x\u200by"] },
      ],
    },
  ],
  flags: [{ path: "package.json", line: 3, kind: "dependency", detail: "left-pad is new" }],
  checks: [{ name: "parses", ok: false, detail: "line 3" }],
  status: "proposed",
  accepted: [],
  deployment: null,
};

describe("an edit", () => {
  const answers: EditAnswer[] = [];
  const onAnswer = (answer: EditAnswer) => {
    answers.push(answer);
    return Promise.resolve();
  };
  beforeEach(() => void answers.splice(0));

  it("is accepted whole, in part, or not at all", async () => {
    render(<EditCard edit={EDIT} onAnswer={onAnswer} />);
    await userEvent.click(screen.getByRole("button", { name: "Accept" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Accept style.css @@ -1,2 +1,2 @@" }));
    await userEvent.click(screen.getByRole("button", { name: "Accept 1 of 2" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Accept style.css @@ -9 +9 @@" }));
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Accept 0 of 2" }).disabled).toBe(true);
    await userEvent.click(screen.getByRole("button", { name: "Discard" }));
    expect(answers).toEqual([{ action: "accept" }, { action: "accept", hunks: ["h2"] }, { action: "discard" }]);
  });

  it("shows what is odd about it, what was checked, and characters that cannot be seen", () => {
    render(<EditCard edit={EDIT} onAnswer={onAnswer} />);
    expect(within(screen.getByRole("list", { name: "To look at" })).getByText("package.json:3")).toBeTruthy();
    expect(within(screen.getByRole("list", { name: "Checks" })).getByRole("img", { name: "failed" })).toBeTruthy();
    expect(screen.getByText("+x\\u{200b}y")).toBeTruthy();
  });

  it("that is over says how much of it was taken", () => {
    render(<EditCard edit={{ ...EDIT, status: "applied", accepted: ["h1"] }} onAnswer={onAnswer} />);
    expect(screen.getByRole("status").textContent).toBe("Applied, 1 of 2 hunks");
    expect(screen.getAllByRole<HTMLInputElement>("checkbox").map((box) => [box.checked, box.disabled])).toEqual([
      [true, true],
      [false, true],
    ]);
  });
});

const MESSAGE: Message = {
  kind: "message",
  id: "msg_1",
  cut: false,
  role: "assistant",
  text: "It failed.",
  streaming: false,
  deployment: null,
  stopped: null,
  actions: [],
};

it("an action that leads elsewhere than to http is not offered", () => {
  const action = { say: null, edit: null };
  const actions = [
    { ...action, label: "Bad", url: "javascript:alert(1)" },
    { ...action, label: "Good", url: "https://a.example/" },
  ];
  render(<MessageEntry message={{ ...MESSAGE, actions }} onAction={() => {}} onEdit={null} onRetry={null} />);
  expect(screen.queryByText("Bad")).toBeNull();
  expect(screen.getByRole("link", { name: "Good" }).getAttribute("href")).toBe("https://a.example/");
});

describe("the composer", () => {
  const sent: [string, string, string | null][] = [];
  let fails = false;
  beforeEach(() => {
    sent.splice(0);
    fails = false;
    localStorage.clear();
  });
  const composer = (editing: Message | null = null, onEditLast = () => {}, onEditDone = () => {}) => (
    <Composer
      conversation="cnv_1"
      editing={editing}
      isWorking={false}
      onSend={(...message) => {
        sent.push(message);
        return fails ? Promise.reject(new TypeError("lost")) : Promise.resolve();
      }}
      onStop={() => Promise.resolve()}
      onEditLast={onEditLast}
      onEditDone={onEditDone}
    />
  );

  it("keeps a message that could not be sent, and sends it again as the same one", async () => {
    render(composer());
    fails = true;
    await userEvent.type(screen.getByLabelText("Message"), "deploy sample{Enter}");
    expect((await screen.findByRole("alert")).textContent).toContain("does not answer");
    fails = false;
    await userEvent.type(screen.getByLabelText("Message"), "{Enter}");
    expect(sent.map(([text]) => text)).toEqual(["deploy sample", "deploy sample"]);
    expect(sent[0]?.[1]).toBe(sent[1]?.[1]);
    await userEvent.type(screen.getByLabelText("Message"), "deploy sample{Enter}");
    expect(sent[2]?.[1]).not.toBe(sent[1]?.[1]);
  });

  it("edits the last message from an empty line, and sends it in the place of the old one", async () => {
    const onEditLast = vi.fn();
    const { unmount } = render(composer(null, onEditLast));
    await userEvent.type(screen.getByLabelText("Message"), "{ArrowUp}");
    expect(onEditLast).toHaveBeenCalledOnce();
    unmount();
    const onEditDone = vi.fn();
    render(composer({ ...MESSAGE, role: "user", text: "deploy a" }, onEditLast, onEditDone));
    await userEvent.type(screen.getByLabelText("Message"), "b{Enter}");
    expect(sent.map(([text, , replaces]) => [text, replaces])).toEqual([["deploy ab", "msg_1"]]);
    expect(onEditDone).toHaveBeenCalledOnce();
  });

  it("does not send a secret that it does not have", async () => {
    render(composer({ ...MESSAGE, role: "user", text: "set A_KEY=[hidden]" }));
    await userEvent.type(screen.getByLabelText("Message"), "{Enter}");
    expect(sent).toEqual([]);
    expect(screen.getByText(/write the value anew/)).toBeTruthy();
  });

  it("keeps a draft over a reload", async () => {
    const { unmount } = render(composer());
    await userEvent.type(screen.getByLabelText("Message"), "half a sen");
    unmount();
    render(composer());
    expect(screen.getByLabelText<HTMLTextAreaElement>("Message").value).toBe("half a sen");
  });
});
