import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PullRequests } from "./PullRequests";
import { PushSettings } from "./PushSettings";

const SHA = "a".repeat(40);
const PULL = {
  number: 7,
  title: "A change",
  author: "eve",
  origin: "eve/shop",
  is_outside: true,
  commit: SHA,
  state: "waiting",
  deployment: null,
  status: null,
  url: null,
  address: "https://github.com/ada/shop/pull/7",
};

let kept = { push: { enabled: true, branch: null as string | null, watch_paths: ["web"] }, previews: { enabled: true }, push_paused: true };
let pulls = [PULL];
let sent: { method: string; path: string; body: unknown }[] = [];
beforeEach(() => {
  sent = [];
  pulls = [PULL];
  vi.stubGlobal("fetch", (path: string, { method, body }: RequestInit) => {
    const given = body ? (JSON.parse(String(body)) as typeof kept) : undefined;
    if (method !== "GET") sent.push({ method: method ?? "", path, body: given });
    if (method === "DELETE") pulls = [];
    if (path.endsWith("/settings")) {
      kept = { ...kept, ...given };
      return Promise.resolve(new Response(JSON.stringify(kept)));
    }
    return Promise.resolve(new Response(method === "DELETE" ? null : JSON.stringify({ items: pulls }), { status: method === "DELETE" ? 204 : 200 }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("is saved as it is shown", async () => {
  render(<PushSettings app="shop" />);
  await userEvent.click(await screen.findByRole("button", { name: "Take pushes again" }));
  expect(sent.at(-1)?.body).toEqual({ push_paused: false });
  await userEvent.click(screen.getByLabelText("Deploy what is pushed"));
  await userEvent.type(screen.getByLabelText("Branch"), "release");
  await userEvent.type(screen.getByLabelText(/Watch paths/), "{Enter}!*.md");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(sent.at(-1)?.body).toEqual({
    push: { enabled: false, branch: "release", watch_paths: ["web", "!*.md"] },
    previews: { enabled: true },
  });
  expect(await screen.findByText("Saved.")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Take pushes again" })).toBeNull();
});

it("asks a member before somebody else's code gets the config vars, for the commit that is shown", async () => {
  render(<PullRequests app="shop" />);
  expect(await screen.findByText(/Of somebody outside/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: /Deploy aaaaaaa with/ }));
  expect(sent).toEqual([{ method: "POST", path: "/api/v1/apps/shop/previews/7/consent", body: { sha: SHA } }]);
  await userEvent.click(screen.getByRole("button", { name: "Remove the preview of pull request 7" }));
  await vi.waitFor(() => expect(screen.queryByText("Pull requests")).toBeNull());
});
