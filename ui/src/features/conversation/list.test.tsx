import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Conversation } from "../../lib/api";
import { ConversationRow } from "./ConversationRow";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const SHOP = { id: "cnv_1", title: "Deploy shop", created_at: "2026-01-31T12:00:00Z" } as Conversation;

it("pins and renames the thread that is open, where the server can", async () => {
  const asked: [string, string, unknown][] = [];
  vi.stubGlobal("fetch", (url: string, { method, body }: RequestInit) => {
    asked.push([method ?? "", url, JSON.parse(String(body)) as unknown]);
    return Promise.resolve(new Response("{}"));
  });
  const onChange = vi.fn();
  const row = (conversation: Conversation) => <ConversationRow conversation={conversation} isCurrent onChange={onChange} onFail={vi.fn()} />;
  const { rerender } = render(row(SHOP));
  expect(screen.queryByRole("button")).toBeNull();
  rerender(row({ ...SHOP, pinned: false } as Conversation));
  await userEvent.click(screen.getByRole("button", { name: "Pin" }));
  await userEvent.click(screen.getByRole("button", { name: "Rename" }));
  await userEvent.clear(screen.getByLabelText("New name"));
  await userEvent.type(screen.getByLabelText("New name"), "The shop{Enter}");
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2));
  expect(asked).toEqual([
    ["PATCH", "/api/v1/conversations/cnv_1", { pinned: true }],
    ["PATCH", "/api/v1/conversations/cnv_1", { title: "The shop" }],
  ]);
});
