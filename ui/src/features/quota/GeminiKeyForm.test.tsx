import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { GeminiKeyForm } from "./GeminiKeyForm";

let kept = "";
let refuses = false;
beforeEach(() => {
  kept = "";
  refuses = false;
  vi.stubGlobal("fetch", (_path: string, { method, body }: RequestInit) => {
    if (refuses && method !== "GET") {
      return Promise.resolve(new Response(JSON.stringify({ detail: "this is no key of the Gemini API", fix: "Copy it anew." }), { status: 422 }));
    }
    if (method === "DELETE") kept = "";
    if (method === "PUT") kept = (JSON.parse(String(body)) as { key: string }).key;
    if (method === "DELETE") return Promise.resolve(new Response(null, { status: 204 }));
    return Promise.resolve(new Response(JSON.stringify({ is_set: kept !== "", ends_with: kept.slice(-4) })));
  });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("is set, replaced and removed, and only its end is shown", async () => {
  const { container } = render(<GeminiKeyForm />);
  expect(await screen.findByText("No key is set.")).toBeTruthy();
  const field = screen.getByLabelText<HTMLInputElement>("Key");
  expect(field.type).toBe("password");
  await userEvent.type(field, " AIzaExample1234 {Enter}");
  expect(await screen.findByText("A key is set. It ends with 1234.")).toBeTruthy();
  expect(kept).toBe("AIzaExample1234");
  expect(container.innerHTML).not.toContain("AIzaExample");
  await userEvent.type(screen.getByLabelText("Another key"), "AIzaExample5678");
  await userEvent.click(screen.getByRole("button", { name: "Replace" }));
  expect(await screen.findByText("A key is set. It ends with 5678.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Remove" }));
  expect(await screen.findByText("No key is set.")).toBeTruthy();
  expect(kept).toBe("");
});

it("says why a key was not taken, and keeps what was typed", async () => {
  refuses = true;
  render(<GeminiKeyForm />);
  await userEvent.type(await screen.findByLabelText("Key"), "no key at all{Enter}");
  expect((await screen.findByRole("alert")).textContent).toBe("this is no key of the Gemini API Copy it anew.");
  expect(screen.getByLabelText<HTMLInputElement>("Key").value).toBe("no key at all");
});
