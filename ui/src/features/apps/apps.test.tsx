import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { path } from "../../components/Chart";
import { ConfigVars } from "./ConfigVars";
import { Danger } from "./Danger";
import { counts } from "./measures";
import { Revisions } from "./Revisions";

const AT = "2026-01-31T12:00:00Z";
let asked: [string, string, unknown][] = [];
let answers: Record<string, unknown> = {};

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (url: string, { method = "GET", body }: RequestInit) => {
    asked.push([method, url, typeof body === "string" ? (JSON.parse(body) as unknown) : null]);
    return Promise.resolve(new Response(JSON.stringify(answers[`${method} ${url}`] ?? { items: [] })));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("puts measurements in their steps, and leaves holes where nothing was asked", () => {
  const items = [
    { at: "2026-01-31T11:58:00Z", requests: 3, errors: 1, p50_seconds: 0.1, p99_seconds: 0.2 },
    { at: "2026-01-31T10:00:00Z", requests: 9, errors: 9 },
  ];
  const found = counts({ app: "a", step_seconds: 60, delay_seconds: 0, items }, 240, Date.parse(AT));
  expect(found).toMatchObject({ requests: [0, 3, 0, 0], errors: [0, 1, 0, 0], p50: [null, 0.1, null, null], total: 3, failed: 1 });
  expect(path([null, 1, null], 1, 10)).toBe("M150.0 1.0h0");
});

it("says what a rollback cannot undo before it is done, and what the server warns of after", async () => {
  const revision = { number: 1, deployment: "dpl_1", commit: "4f0c2d1abc", image: "x", created_at: AT, traffic: 0 };
  answers = {
    "GET /api/v1/apps/shop/revisions": { items: [{ ...revision, number: 2, traffic: 100 }, revision] },
    "POST /api/v1/apps/shop/rollback": { from: 2, to: 1, url: null, warning: "Config vars stay." },
  };
  render(<Revisions app="shop" live={2} />);
  await userEvent.click(await screen.findByRole("button", { name: "Roll back to v1" }));
  expect(screen.getByText(/schema migrations/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Roll back" }));
  expect(await screen.findByText("Traffic goes to v1. Config vars stay.")).toBeTruthy();
  expect(asked).toContainEqual(["POST", "/api/v1/apps/shop/rollback", { to: 1 }]);
});

it("sets many config vars at once, and shows none of their values", async () => {
  answers = { "GET /api/v1/apps/shop/env": { items: [{ name: "TOKEN", build: false, updated_at: AT }] } };
  const { container } = render(<ConfigVars app="shop" />);
  expect(await screen.findByText("TOKEN")).toBeTruthy();
  await userEvent.click(screen.getByLabelText("NAME=value, one a line"));
  await userEvent.paste("A=s3cret\nB='two'");
  await userEvent.click(screen.getByRole("button", { name: "Set 2 vars" }));
  expect(asked).toContainEqual(["PATCH", "/api/v1/apps/shop/env", { set: { A: "s3cret", B: "two" }, unset: [], build: false }]);
  await vi.waitFor(() => expect(container.innerHTML).not.toContain("s3cret"));
});

it("removes an app by its typed name alone", async () => {
  render(<Danger app="shop" />);
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Remove" });
  await userEvent.type(screen.getByLabelText("Type shop to remove it"), "sho");
  expect(button.disabled).toBe(true);
  await userEvent.type(screen.getByLabelText("Type shop to remove it"), "p");
  await userEvent.click(button);
  await vi.waitFor(() => expect(asked).toContainEqual(["DELETE", "/api/v1/apps/shop", null]));
});
