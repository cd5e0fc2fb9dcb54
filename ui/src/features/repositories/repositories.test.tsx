import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { slugOf } from "./calls";
import { draftOf, filledIn, missing, varsOf } from "./env";
import { Inspect } from "./Inspect";
import { NewApp } from "./NewApp";
import { Picker } from "./Picker";

const AT = "2026-01-31T12:00:00Z";
const REPOSITORY = { slug: "acme/shop", owner: "acme", name: "shop", private: true, default_branch: "main", pushed_at: AT, description: "A shop", language: "Go" };
const ASKED = { name: "TOKEN", description: "of the bank", required: true, value: "", generated: false, secret: true };
const INSPECTION = {
  source: "/srv/shop", owner: "", commit: { sha: "4f0c2d1abcdef", subject: "Sell", at: AT, dirty: false }, private: false, own: true, first_seen: false,
  plan: { language: "go", framework: null, version: "1.24", kind: "server", port: 8080, reason: null },
  dockerfile: "FROM x", runs: ["go build"], widens: [{ what: "its own Dockerfile", file: "Dockerfile" }], hooks: [], env: [ASKED], app: null, candidates: [], isolation: { level: "L1", detail: "" }, note: "",
};
let asked: [string, string, unknown][] = [];
let answers: Record<string, unknown> = {};

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (url: string, { method = "GET", body }: RequestInit) => {
    asked.push([method, url, typeof body === "string" ? (JSON.parse(body) as unknown) : null]);
    const answer = Object.entries(answers).find(([key]) => `${method} ${url}`.startsWith(key));
    return Promise.resolve(new Response(JSON.stringify(answer?.[1] ?? { items: [] })));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  history.replaceState(null, "", "/");
});

it("lists repositories, marks private ones, and says how old a list is", async () => {
  const onPick = vi.fn();
  answers = { "GET /api/v1/repositories": { items: [REPOSITORY], next_cursor: null, owners: ["acme", "me"], as_of: AT, stale: true, note: "GitHub does not answer", missing_url: "https://github.com/x" } };
  render(<Picker onPick={onPick} />);
  expect(await screen.findByText("private")).toBeTruthy();
  expect(screen.getByText("GitHub does not answer")).toBeTruthy();
  expect(screen.getByRole("link", { name: /github\.com/ })).toBeTruthy();
  await userEvent.selectOptions(screen.getByLabelText("Owner"), "acme");
  await vi.waitFor(() => expect(asked.some(([, url]) => url.includes("owner=acme"))).toBe(true));
  await userEvent.click(screen.getByRole("button", { name: "Pick acme/shop" }));
  expect(onPick).toHaveBeenCalledWith("acme/shop", "main");
});

it("asks for more of GitHub where only public repositories are seen", () => {
  const page = render(<NewApp asked="" seesPublicOnly />);
  expect(screen.getByRole("link", { name: /private ones/ }).getAttribute("href")).toBe("/signin/github?next=%2Fnew-app&access=private");
  page.rerender(<NewApp asked="" seesPublicOnly={false} />);
  expect(screen.queryByRole("link", { name: /private ones/ })).toBeNull();
});

it("shows what it would be, asks for what is missing, and deploys that commit with the values", async () => {
  answers = { "POST /api/v1/inspections": INSPECTION, "POST /api/v1/deployments": { id: "dpl_1" } };
  render(<Inspect source="/srv/shop" branch={null} />);
  expect(await screen.findByText("go, 1.24")).toBeTruthy();
  expect(screen.getByText("its own Dockerfile")).toBeTruthy();
  const deploy = screen.getByRole<HTMLButtonElement>("button", { name: "Deploy" });
  expect(deploy.disabled).toBe(true);
  await userEvent.click(screen.getByLabelText("Paste a .env file"));
  await userEvent.paste("TOKEN=abc\nMORE=1");
  await userEvent.click(deploy);
  await vi.waitFor(() => expect(location.pathname).toBe("/deployments/dpl_1"));
  expect(asked.at(-1)).toEqual(["POST", "/api/v1/deployments", { source: "/srv/shop", ref: "4f0c2d1abcdef", dir: ".", name: null, env: { TOKEN: "abc", MORE: "1" } }]);
});

it("leads to the folders that can be deployed where this one cannot", async () => {
  answers = { "POST /api/v1/inspections": { ...INSPECTION, plan: { reason: "several apps" }, candidates: [{ dir: "web", summary: "Node" }] } };
  render(<Inspect source="/srv/shop" branch={null} />);
  await userEvent.click(await screen.findByRole("button", { name: "Take the folder web" }));
  await vi.waitFor(() => expect(asked.at(-1)?.[2]).toEqual({ source: "/srv/shop", ref: null, dir: "web" }));
  expect(screen.queryByRole("button", { name: "Deploy" })).toBeNull();
});

it("fills in a draft, and knows what is on GitHub", () => {
  const draft = draftOf([ASKED, { ...ASKED, name: "KEY", value: "made", generated: true }]);
  expect(missing(draft)).toEqual(["TOKEN"]);
  expect(varsOf(filledIn(draft, "TOKEN=t").draft)).toEqual({ TOKEN: "t", KEY: "made" });
  expect(["acme/shop", "https://github.com/acme/shop.git", "/srv/shop", "sample", "https://example.com/a/b/c"].map(slugOf)).toEqual(["acme/shop", "acme/shop", null, null, null]);
});
