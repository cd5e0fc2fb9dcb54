/** What is written in a token's colour can be read on every ground that it is put on, in light and in dark. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const CSS = readFileSync(join(import.meta.dirname, "styles.css"), "utf8");
const READABLE = 4.5;
/** As the lines of a diff are tinted. */
const TINT = 0.14;

type Colour = [number, number, number];

function colour(hex: string): Colour {
  const digits = /^#([0-9a-f]{6})$/.exec(hex)?.[1];
  if (!digits) throw new Error(`${hex} is no colour of six digits`);
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) as Colour;
}

function token(name: string, scheme: 0 | 1): Colour {
  const value = new RegExp(`--${name}: (?:light-dark\\((#\\w+), (#\\w+)\\)|(#\\w+));`).exec(CSS);
  return colour(value?.[3] ?? value?.[scheme + 1] ?? "");
}

function luminance(of: Colour): number {
  const [red, green, blue] = of.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as Colour;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const mixed = (over: Colour, ground: Colour, share: number) => over.map((part, at) => part * share + (ground[at] ?? 0) * (1 - share)) as Colour;

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("%s", (_, scheme) => {
  const of = (name: string) => token(name, scheme);
  it.each(["text", "quiet", "emerald", "sapphire", "amber", "ruby"])("%s", (name) => {
    for (const ground of ["ground", "surface", "raised"]) expect(contrast(of(name), of(ground)), ground).toBeGreaterThanOrEqual(READABLE);
  });
  it("what is written on the accent", () => expect(contrast(of("on-accent"), of("sapphire"))).toBeGreaterThanOrEqual(READABLE));
  it("what is written on the primary button", () => expect(contrast(of("on-emerald"), of("emerald"))).toBeGreaterThanOrEqual(READABLE));
  it.each(["emerald", "ruby"])("the lines of a diff in %s", (name) => {
    expect(contrast(of(name), mixed(of(name), of("surface"), TINT))).toBeGreaterThanOrEqual(READABLE);
  });
});

it("what stands on the ground of a log", () => {
  expect(contrast(token("log-text", 0), token("log-ground", 0))).toBeGreaterThanOrEqual(READABLE);
});
