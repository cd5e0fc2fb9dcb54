/** Colours that others chose, made readable. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export type Rgb = readonly [number, number, number];

/** What is written has at least this contrast to its ground. */
export const READABLE = 4.5;
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const STEPS = 16;

export function luminance(of: Rgb): number {
  const [red, green, blue] = of.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The colour itself where it can be read on the ground, else the nearest towards black or white that can. */
export function readable(colour: Rgb, ground: Rgb): Rgb {
  const goal = contrast(BLACK, ground) > contrast(WHITE, ground) ? BLACK : WHITE;
  for (let step = 0; step < STEPS; step++) {
    const share = step / STEPS;
    const mixed = colour.map((part, at) => Math.round(part * (1 - share) + (goal[at] ?? 0) * share)) as unknown as Rgb;
    if (contrast(mixed, ground) >= READABLE) return mixed;
  }
  return goal;
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

const SIXTEEN: readonly Rgb[] = [
  [0, 0, 0], [187, 0, 0], [0, 150, 60], [187, 140, 0], [40, 90, 200], [170, 60, 180], [0, 150, 170], [200, 204, 212],
  [110, 118, 135], [255, 85, 85], [80, 220, 120], [255, 210, 90], [110, 150, 255], [230, 130, 255], [90, 225, 235], [255, 255, 255],
]; // prettier-ignore
const CUBE = [0, 95, 135, 175, 215, 255];

/** One of xterm's 256 colours: 16 of its own, a cube of six steps, and greys. */
export function indexed(index: number): Rgb {
  if (index < 16) return SIXTEEN[index] ?? WHITE;
  if (index >= 232) return [8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10];
  const at = index - 16;
  return [CUBE[Math.floor(at / 36)] ?? 0, CUBE[Math.floor(at / 6) % 6] ?? 0, CUBE[at % 6] ?? 0];
}
