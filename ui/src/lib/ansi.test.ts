import { expect, it } from "vitest";
import { ansiSpans, LOG_GROUND, plain } from "./ansi";
import { contrast, indexed, READABLE, readable, type Rgb } from "./colour";

const told = (line: string) => ansiSpans(line).map(({ text, className }) => ({ text, className }));

it("a plain line is one span", () => {
  expect(told("hello")).toEqual([{ text: "hello", className: "" }]);
});

it("colours become classes and end with a reset", () => {
  expect(told("\x1b[1;31mbad\x1b[0m ok")).toEqual([
    { text: "bad", className: "ansi-bold ansi-red" },
    { text: " ok", className: "" },
  ]);
});

it("256 and true colours are colours, their numbers taken for nothing else", () => {
  const [one, other] = ansiSpans("\x1b[38;5;196mx\x1b[0;48;2;1;31;1my");
  expect(one).toMatchObject({ text: "x", className: "", colours: { onDark: "rgb(255 0 0)", ground: null } });
  expect(other).toMatchObject({ text: "y", className: "", colours: { ground: "rgb(1 31 1)" } });
});

it("marks end one by one, and inverse turns the colours round", () => {
  expect(told("\x1b[1;3;4ma\x1b[22mb\x1b[0;7mc\x1b[31md")).toEqual([
    { text: "a", className: "ansi-bold ansi-italic ansi-underline" },
    { text: "b", className: "ansi-italic ansi-underline" },
    { text: "c", className: "ansi-inverse" },
    { text: "d", className: "" },
  ]);
  expect(ansiSpans("\x1b[7;31md")[0]?.colours?.ground).toBe("rgb(187 0 0)");
});

it("links, titles, cursor moves and what a progress bar wrote over are dropped", () => {
  expect(plain("\x1b]8;;https://evil.example\x07here\x1b]8;;\x1b\\ \x1b[2K\x1b[1Aup\x1b(B")).toBe("here up");
  expect(told("10%\r50%\r100%")).toEqual([{ text: "100%", className: "" }]);
  expect(told("\x1b[32mdone\r")).toEqual([{ text: "done", className: "ansi-green" }]);
});

it("every colour can be read on the ground of the log", () => {
  const grounds = Object.values(LOG_GROUND);
  const colours: Rgb[] = [...Array.from({ length: 256 }, (_, index) => indexed(index)), [1, 2, 3], [128, 128, 128]];
  for (const ground of grounds) for (const colour of colours) expect(contrast(readable(colour, ground), ground)).toBeGreaterThanOrEqual(READABLE);
});
