import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Problem } from "../../lib/api";
import { ApprovalCard, type Consent } from "./ApprovalCard";
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
    [{ ...APPROVAL, cut: true }, "It is not asked for any more"],
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
  rest: null,
  status: "proposed",
  isNewest: true,
  accepted: [],
};

const nothingMore = () => Promise.reject(new Error("there is nothing more"));

describe("an edit", () => {
  const answers: EditAnswer[] = [];
  const onAnswer = (answer: EditAnswer) => {
    answers.push(answer);
    return Promise.resolve();
  };
  beforeEach(() => void answers.splice(0));

  it("is accepted whole, in part, or not at all", async () => {
    render(<EditCard edit={EDIT} onRest={nothingMore} onAnswer={onAnswer} />);
    await userEvent.click(screen.getByRole("button", { name: "Accept" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Accept style.css @@ -1,2 +1,2 @@" }));
    await userEvent.click(screen.getByRole("button", { name: "Accept 1 of 2" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Accept style.css @@ -9 +9 @@" }));
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Accept 0 of 2" }).disabled).toBe(true);
    await userEvent.click(screen.getByRole("button", { name: "Discard" }));
    expect(answers).toEqual([{ action: "accept" }, { action: "accept", hunks: ["h2"] }, { action: "discard" }]);
  });

  it("shows what is odd about it, what was checked, and characters that cannot be seen", () => {
    render(<EditCard edit={EDIT} onRest={nothingMore} onAnswer={onAnswer} />);
    expect(within(screen.getByRole("list", { name: "To look at" })).getByText("package.json:3")).toBeTruthy();
    expect(within(screen.getByRole("list", { name: "Checks" })).getByRole("img", { name: "failed" })).toBeTruthy();
    expect(screen.getByText("+x\\u{200b}y")).toBeTruthy();
  });

  it("that was followed by another is folded away", () => {
    render(<EditCard edit={{ ...EDIT, isNewest: false }} onRest={nothingMore} onAnswer={onAnswer} />);
    expect(screen.getByText("There is a newer diff").closest("details")?.open).toBe(false);
  });

  it("that is longer than what is shown is accepted once all of it was shown, by its hunks", async () => {
    const parts: Record<number, unknown> = {
      2: { files: [{ path: "style.css", change: "modified", hunks: [{ hunk: "h3", header: "@@ -20 +20 @@", lines: ["+y"] }] }], rest: { files: 1, lines: 1, next: 3 } },
      3: { files: [{ path: "b.css", change: "added", hunks: [{ hunk: "h4", header: "@@ -0,0 +1 @@", lines: ["+z"] }] }], rest: null },
    };
    const rest = { files: 2, lines: 2, next: 2 };
    render(<EditCard edit={{ ...EDIT, rest }} onRest={(after) => Promise.resolve(parts[after])} onAnswer={onAnswer} />);
    expect(screen.getByText(/2 lines in 2 files are not shown/)).toBeTruthy();
    const accept = screen.getByRole<HTMLButtonElement>("button", { name: "Accept" });
    expect(accept.disabled).toBe(true);
    await userEvent.click(screen.getByRole("button", { name: "Show all" }));
    expect(await screen.findByText("+z")).toBeTruthy();
    expect(screen.getAllByText("style.css")).toHaveLength(1);
    await userEvent.click(accept);
    expect(answers).toEqual([{ action: "accept", hunks: ["h1", "h2", "h3", "h4"] }]);
  });

  it("whose rest cannot be looked up says why, and is not accepted", async () => {
    const onRest = () => Promise.reject(new Problem("the edits have changed since they were shown", 409, "Look at the newest diff."));
    render(<EditCard edit={{ ...EDIT, rest: { files: 1, lines: 9, next: 2 } }} onRest={onRest} onAnswer={onAnswer} />);
    await userEvent.click(screen.getByRole("button", { name: "Show all" }));
    expect((await screen.findByRole("alert")).textContent).toContain("Look at the newest diff.");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Accept" }).disabled).toBe(true);
  });

  it("that is over says how much of it was taken", () => {
    render(<EditCard edit={{ ...EDIT, status: "applied", accepted: ["h1"] }} onRest={nothingMore} onAnswer={onAnswer} />);
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
  clientId: null,
  sending: false,
  cut: false,
  role: "assistant",
  text: "It failed.",
  streaming: false,
  deployment: null,
  turn: null,
  stopped: null,
  actions: [],
};

it("an action that leads elsewhere than to http is not offered", () => {
  const action = { say: null, edit: null };
  const actions = [
    { ...action, label: "Bad", url: "javascript:alert(1)" },
    { ...action, label: "Good", url: "https://a.example/" },
  ];
  render(<MessageEntry message={{ ...MESSAGE, actions }} onAction={() => {}} onEdit={null} onRetry={null} onResend={() => {}} onDrop={() => {}} />);
  expect(screen.queryByText("Bad")).toBeNull();
  expect(screen.getByRole("link", { name: "Good (a.example)" }).getAttribute("href")).toBe("https://a.example/");
});
