/** What goes into a README. */

export const FORMATS = ["Markdown", "HTML", "reStructuredText"] as const;
export type Format = (typeof FORMATS)[number];
export const STYLES = ["default", "flat", "large"] as const;
export const THEMES = ["dark", "light"] as const;
export const ALT = "Deploy to DevGem";

export interface Choice {
  repo: string;
  ref: string;
  dir: string;
  name: string;
  env: string;
  style: (typeof STYLES)[number];
  theme: (typeof THEMES)[number];
}

/** Where the picture is, and where a click on it leads. */
export function addresses(origin: string, choice: Choice): { image: string; target: string } {
  const look = query([
    ["style", choice.style === "default" ? "" : choice.style],
    ["theme", choice.theme === "dark" ? "" : choice.theme],
  ]);
  const env = choice.env.split(/[\s,]+/).filter(Boolean).join(",");
  const asked = query([["repo", choice.repo], ["ref", choice.ref], ["dir", choice.dir], ["name", choice.name], ["env", env]]);
  return { image: `${origin}/button.svg${look}`, target: `${origin}/new${asked}` };
}

export function snippet(format: Format, { image, target }: { image: string; target: string }): string {
  switch (format) {
    case "Markdown":
      return `[![${ALT}](${image})](${target})`;
    case "HTML":
      return `<a href="${attribute(target)}"><img src="${attribute(image)}" alt="${ALT}"></a>`;
    case "reStructuredText":
      return `.. image:: ${image}\n   :target: ${target}\n   :alt: ${ALT}`;
  }
}

function query(pairs: [string, string][]): string {
  const said = pairs.map(([name, value]) => [name, value.trim()] as const).filter(([, value]) => value !== "");
  return said.length === 0 ? "" : `?${said.map(([name, value]) => `${name}=${encoded(value)}`).join("&")}`;
}

/** Nothing in it ends a link of any of the formats. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function attribute(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
}
