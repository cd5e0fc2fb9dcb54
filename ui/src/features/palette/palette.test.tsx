import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { choose } from "../../lib/settings";
import { typed, useShortcuts } from "../../lib/shortcuts";
import { matching, type PaletteItem } from "./matching";
import { Palette } from "./Palette";

afterEach(() => {
  cleanup();
  localStorage.clear();
});

const item = (label: string, hint = "app", run: () => void = () => undefined): PaletteItem => ({ id: label, label, hint, run });

it("finds by words in any order, the best first", () => {
  const items = [item("workshop"), item("shop"), item("Deploy again shop", "action"), item("quota", "page")];
  expect(matching(items, "sho").map(({ label }) => label)).toEqual(["shop", "Deploy again shop", "workshop"]);
  expect(matching(items, "SHOP app").map(({ label }) => label)).toEqual(["shop", "workshop"]);
  expect(matching(items, "").length).toBe(4);
});

it("is used by keys alone", async () => {
  const run = vi.fn();
  const onClose = vi.fn();
  render(<Palette items={[item("one"), item("two", "app", run)]} onClose={onClose} />);
  const box = screen.getByRole("combobox");
  expect(document.activeElement).toBe(box);
  await userEvent.keyboard("{ArrowUp}");
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("two");
  await userEvent.keyboard("{Enter}");
  expect(run).toHaveBeenCalledOnce();
  expect(onClose).toHaveBeenCalledOnce();
});

it("knows what keys come to", () => {
  expect(typed("", "g")).toEqual({ shortcut: null, pending: "g" });
  expect(typed("g", "a")).toEqual({ shortcut: "g a", pending: "" });
  expect(typed("g", "?")).toEqual({ shortcut: "?", pending: "" });
  expect(typed("g", "x")).toEqual({ shortcut: null, pending: "" });
});

it("does nothing while one writes, with a modifier, or when switched off", () => {
  const on = vi.fn();
  function Page() {
    useShortcuts(on);
    return <textarea aria-label="Message" />;
  }
  render(<Page />);
  fireEvent.keyDown(screen.getByLabelText("Message"), { key: "?" });
  fireEvent.keyDown(document.body, { key: "?", ctrlKey: true });
  choose({ shortcuts: false });
  fireEvent.keyDown(document.body, { key: "?" });
  expect(on).not.toHaveBeenCalled();
  choose({ shortcuts: true });
  fireEvent.keyDown(document.body, { key: "?" });
  expect(on).toHaveBeenCalledExactlyOnceWith("?");
});
