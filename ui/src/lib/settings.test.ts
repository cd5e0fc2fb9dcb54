import { afterEach, expect, it } from "vitest";
import { choose, readSettings } from "./settings";

afterEach(() => {
  localStorage.clear();
  choose({ theme: "system", motion: "system" });
});

it("takes what was chosen, and nothing else", () => {
  expect(readSettings("not json")).toEqual({ theme: "system", motion: "system", shortcuts: true });
  expect(readSettings('{"theme": "<b>", "motion": 1, "shortcuts": false}')).toEqual({ theme: "system", motion: "system", shortcuts: false });
});

it("is applied at once, and kept", () => {
  choose({ theme: "dark" });
  choose({ motion: "still" });
  expect(document.documentElement.dataset).toMatchObject({ theme: "dark", motion: "still" });
  expect(readSettings()).toEqual({ theme: "dark", motion: "still", shortcuts: true });
  choose({ theme: "system" });
  expect(document.documentElement.dataset.theme).toBeUndefined();
});
