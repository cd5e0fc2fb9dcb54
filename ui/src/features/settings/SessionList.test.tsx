import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { SessionList } from "./SessionList";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("names this browser, and signs another out", async () => {
  const at = "2026-01-31T12:00:00Z";
  let browsers = ["aa", "bb"].map((id) => ({ id, created_at: at, seen_at: at, expires_at: at, current: id === "aa" }));
  const deleted: string[] = [];
  vi.stubGlobal("fetch", (path: string, { method }: RequestInit) => {
    if (method === "DELETE") {
      deleted.push(path);
      browsers = browsers.filter(({ id }) => !path.endsWith(id));
      return Promise.resolve(new Response(null, { status: 204 }));
    }
    return Promise.resolve(new Response(JSON.stringify({ items: browsers, next_cursor: null })));
  });
  render(<SessionList />);
  expect(await screen.findByText("This browser")).toBeTruthy();
  await userEvent.click(screen.getAllByRole("button", { name: "Sign out" })[1] as HTMLElement);
  expect(deleted).toEqual(["/api/v1/sessions/bb"]);
  await vi.waitFor(() => expect(screen.getAllByRole("button")).toHaveLength(1));
});
