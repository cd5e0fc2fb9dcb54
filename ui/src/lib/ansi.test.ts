import { expect, it } from "vitest";
import { ansiSpans } from "./ansi";

it("a plain line is one span", () => {
  expect(ansiSpans("hello")).toEqual([{ text: "hello", className: "" }]);
});

it("colours become classes and end with a reset", () => {
  expect(ansiSpans("\x1b[1;31mbad\x1b[0m ok")).toEqual([
    { text: "bad", className: "ansi-bold ansi-red" },
    { text: " ok", className: "" },
  ]);
});

it("256 and true colours are skipped whole, their numbers taken for nothing else", () => {
  expect(ansiSpans("\x1b[38;5;31mx\x1b[38;2;1;31;1my")).toEqual([
    { text: "x", className: "" },
    { text: "y", className: "" },
  ]);
});
