import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Composer } from "./Composer";
import type { Message } from "./entries";

afterEach(cleanup);

const MESSAGE: Message = {
  kind: "message",
  id: "msg_1",
  clientId: null,
  sending: false,
  cut: false,
  role: "user",
  text: "",
  streaming: false,
  deployment: null,
  turn: null,
  stopped: null,
  actions: [],
};

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

  it("is empty as soon as a message is sent, and sends the next one without waiting", async () => {
    render(composer());
    const area = screen.getByLabelText<HTMLTextAreaElement>("Message");
    await userEvent.type(area, "deploy sample{Enter}");
    expect(area.value).toBe("");
    await userEvent.type(area, "and then{Enter}");
    expect(sent.map(([text]) => text)).toEqual(["deploy sample", "and then"]);
    expect(sent[0]?.[1]).not.toBe(sent[1]?.[1]);
    expect(localStorage.getItem("devgem.draft.cnv_1")).toBe("");
  });

  it("says why an edited message was not taken, and keeps it", async () => {
    fails = true;
    render(composer({ ...MESSAGE, text: "deploy a" }));
    await userEvent.type(screen.getByLabelText("Message"), "b{Enter}");
    expect((await screen.findByRole("alert")).textContent).toContain("does not answer");
    expect(screen.getByLabelText<HTMLTextAreaElement>("Message").value).toBe("deploy ab");
  });

  it("completes commands, by keys alone", async () => {
    render(composer());
    const area = screen.getByLabelText<HTMLTextAreaElement>("Message");
    await userEvent.type(area, "/r");
    expect(screen.getAllByRole("option").map((option) => option.querySelector("strong")?.textContent)).toEqual(["/redeploy", "/rollback", "/restart"]);
    await userEvent.keyboard("{ArrowDown}{Enter}");
    expect(area.value).toBe("roll back ");
    expect(screen.queryByRole("option")).toBeNull();
    await userEvent.type(area, "shop{Enter}");
    expect(sent.map(([text]) => text)).toEqual(["roll back shop"]);
  });

  it("completes the name of an app, and can be left alone", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ items: [{ name: "blog" }, { name: "shop" }] }))));
    render(composer());
    const area = screen.getByLabelText<HTMLTextAreaElement>("Message");
    await userEvent.type(area, "logs of @sh");
    await screen.findByRole("option", { name: /@shop/ });
    await userEvent.keyboard("{Tab}");
    expect(area.value).toBe("logs of shop ");
    await userEvent.type(area, "@");
    await userEvent.keyboard("{Escape}{Enter}");
    expect(sent.map(([text]) => text)).toEqual(["logs of shop @"]);
    vi.unstubAllGlobals();
  });

  it("puts a long paste beside the message, keeps it over a reload, and sends it as a block", async () => {
    const { unmount } = render(composer());
    await userEvent.click(screen.getByLabelText("Message"));
    await userEvent.paste(Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n"));
    expect(screen.getByText("Pasted text, 40 lines")).toBeTruthy();
    unmount();
    render(composer());
    await userEvent.type(screen.getByLabelText("Message"), "what is this?{Enter}");
    expect(sent[0]?.[0]).toMatch(/^what is this\?\n\n```text\nline 0\n[^]*line 39\n```$/);
    expect(screen.queryByText(/Pasted text/)).toBeNull();
  });

  it("edits the last message from an empty line, and sends it in the place of the old one", async () => {
    const onEditLast = vi.fn();
    const { unmount } = render(composer(null, onEditLast));
    await userEvent.type(screen.getByLabelText("Message"), "{ArrowUp}");
    expect(onEditLast).toHaveBeenCalledOnce();
    unmount();
    const onEditDone = vi.fn();
    render(composer({ ...MESSAGE, text: "deploy a" }, onEditLast, onEditDone));
    await userEvent.type(screen.getByLabelText("Message"), "b{Enter}");
    expect(sent.map(([text, , replaces]) => [text, replaces])).toEqual([["deploy ab", "msg_1"]]);
    expect(onEditDone).toHaveBeenCalledOnce();
  });

  it("does not send a secret that it does not have", async () => {
    render(composer({ ...MESSAGE, text: "set A_KEY=[hidden]" }));
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
