import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LOG_GROUND } from "../../lib/ansi";
import { contrast, READABLE, type Rgb } from "../../lib/colour";
import type { LogLine } from "../../lib/log";
import { LogViewer } from "./LogViewer";

class Resize {
  observe() {}
  disconnect() {}
}

beforeEach(() => {
  vi.stubGlobal("ResizeObserver", Resize);
  Element.prototype.scrollTo = () => {};
  localStorage.clear();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const log = (count: number): LogLine[] =>
  Array.from({ length: count }, (_, at) => ({ seq: at + 1, text: at === 7 ? "error: \x1b[31mit broke\x1b[0m" : `${"abcdefg"[at % 7]} line`, stream: "out", at: "" }));

it("has the end of a long log in the page, and no more of it than can be seen", () => {
  render(<LogViewer log={log(200_000)} lines={200_000} />);
  expect(screen.getByRole("button", { name: "Line 200000" })).toBeTruthy();
  expect(document.querySelectorAll(".log-line").length).toBeLessThan(200);
});

it("is searched by keys alone, with a count", async () => {
  render(<LogViewer log={log(40)} lines={40} />);
  screen.getByRole("log", { name: "Build log" }).focus();
  await userEvent.keyboard("/");
  await userEvent.keyboard("IT BROKE");
  expect(screen.getByText("1 line")).toBeTruthy();
  await userEvent.keyboard("{Enter}");
  expect(screen.getByText("1 of 1 lines")).toBeTruthy();
  expect(document.querySelector("mark")?.textContent).toBe("it broke");
  await userEvent.keyboard("{Escape}");
  expect(document.querySelector("mark")).toBeNull();
});

it("shows the errors alone, links its lines, and picks them out", async () => {
  render(<LogViewer log={log(40)} lines={40} href="/deployments/dep_1" />);
  await userEvent.selectOptions(screen.getByLabelText("Level"), "error");
  const only = screen.getAllByRole("link");
  expect(only.map((link) => link.getAttribute("href"))).toEqual(["/deployments/dep_1#L8"]);
  await userEvent.click(only[0] as HTMLElement);
  expect(screen.getByRole("button", { name: "Copy lines" })).toBeTruthy();
});

it.each(["light", "dark"] as const)("every colour of a log can be read in the %s theme", (theme) => {
  const css = readFileSync(join(import.meta.dirname, "logs.css"), "utf8");
  const found = [...css.matchAll(/color: light-dark\((#\w{6}), (#\w{6})\)/g)].map((match) => match[theme === "light" ? 1 : 2] as string);
  expect(found.length).toBeGreaterThanOrEqual(10);
  for (const hex of found) {
    const colour = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
    expect(contrast(colour, LOG_GROUND[theme]), hex).toBeGreaterThanOrEqual(READABLE);
  }
});
