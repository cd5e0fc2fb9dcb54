import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { Quota } from "../../lib/api";
import { QuotaBoard } from "./QuotaBoard";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function answering(body: unknown, status = 200) {
  const key = { is_set: false, ends_with: "" };
  vi.stubGlobal("fetch", (path: string) =>
    Promise.resolve(path.includes("/keys/") ? new Response(JSON.stringify(key)) : new Response(JSON.stringify(body), { status })),
  );
}

const UNKNOWN = { used: 7, limit: null, frees_in_seconds: null };
const HOUR = { used: 1, limit: 100, frees_in_seconds: 3541 };
const BOARD: Quota = {
  as_of: "2026-01-31T12:00:00Z",
  endpoints: [
    {
      id: "vertex/us-central1",
      provider: "vertex",
      model: "gemini-flash",
      region: "us-central1",
      rpm: { used: 60, limit: 60, frees_in_seconds: 4.2 },
      tpm: { used: 900, limit: 250_000, frees_in_seconds: null },
      rph: HOUR,
      tph: UNKNOWN,
      circuit: "cooling",
      reason: "429: asked to wait",
      retry_in_seconds: 11.3,
      ceiling: 0.8,
      refused_ago_seconds: 3,
    },
  ],
  waiting: { deploy: 0, analyze: 0, chat: 2, background: 0 },
  processes: 3,
  degraded: "Redis does not answer",
  spent: { day_tokens: 1200, day_limit: 50_000, cost_usd: 0.01 },
};

it("says of each endpoint what is used, what is left, and why it rests", async () => {
  answering(BOARD);
  render(<QuotaBoard />);
  const card = within((await screen.findByRole("heading", { name: "us-central1" })).closest("li") as HTMLElement);
  expect(card.getByText("resting after a 429")).toBeTruthy();
  expect(card.getByText("429: asked to wait, tried again in 12 s")).toBeTruthy();
  const said = card.getAllByRole("definition").map((window) => window.textContent);
  expect(said).toEqual(["60 of 60, frees in 5 s", "900 of 250,000", "1 of 100, frees in 60 min", "7, limit not known"]);
  expect(screen.getByText(/Waiting: chat 2\. Today 1,200 of 50,000 tokens, \$0\.01\./)).toBeTruthy();
  expect(screen.getByText("Redis does not answer")).toBeTruthy();
});

it("says what to do when there is no endpoint, and when the board does not come", async () => {
  answering({ ...BOARD, endpoints: [], degraded: "" });
  render(<QuotaBoard />);
  expect(await screen.findByText("GEMINI_API_KEY")).toBeTruthy();
  cleanup();
  answering({ detail: "the database is away", fix: "Wait." }, 503);
  render(<QuotaBoard />);
  expect((await screen.findByRole("alert")).textContent).toBe("the database is away Wait.");
});
