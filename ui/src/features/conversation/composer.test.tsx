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

  it("is empty as soon as a message is sent, and gives back what did not go, before what was written since", async () => {
    let fail: (error: Error) => void = () => {};
    const onSend = () => new Promise((_, reject) => (fail = reject));
    const still = () => Promise.resolve();
    render(<Composer conversation="cnv_1" editing={null} isWorking={false} onSend={onSend} onStop={still} onEditLast={() => {}} onEditDone={() => {}} />);
    const area = screen.getByLabelText<HTMLTextAreaElement>("Message");
    await userEvent.type(area, "deploy sample{Enter}");
    expect(area.value).toBe("");
    await userEvent.type(area, "and then");
    fail(new TypeError("lost"));
    expect((await screen.findByRole("alert")).textContent).toContain("does not answer");
    expect(area.value).toBe("deploy sample\nand then");
    expect(localStorage.getItem("devgem.draft.cnv_1")).toBe(area.value);
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
