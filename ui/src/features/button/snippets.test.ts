import { describe, expect, it } from "vitest";
import { addresses, type Choice, FORMATS, snippet } from "./snippets";

const CHOICE: Choice = { repo: "ada/shop", ref: "", dir: "", name: "", env: "", style: "default", theme: "dark" };
const ORIGIN = "https://devgem.example";

describe("a snippet", () => {
  it("is short when little is chosen", () => {
    expect(snippet("Markdown", addresses(ORIGIN, CHOICE))).toBe(
      "[![Deploy to DevGem](https://devgem.example/button.svg)](https://devgem.example/new?repo=ada%2Fshop)",
    );
  });

  it("says all that is chosen", () => {
    const { image, target } = addresses(ORIGIN, { ...CHOICE, ref: "main", dir: "apps/web", name: "shop", env: "A, B\nC", style: "flat", theme: "light" });
    expect(image).toBe(`${ORIGIN}/button.svg?style=flat&theme=light`);
    expect(target).toBe(`${ORIGIN}/new?repo=ada%2Fshop&ref=main&dir=apps%2Fweb&name=shop&env=A%2CB%2CC`);
  });

  it.each(FORMATS)("in %s cannot be ended by what is typed", (format) => {
    const evil = "\")](x) <script>\n\n.. raw:: html'*`";
    const text = snippet(format, addresses(ORIGIN, { ...CHOICE, repo: evil, env: evil }));
    const plain = snippet(format, addresses(ORIGIN, { ...CHOICE, repo: "x", env: "x" }));
    const marks = (one: string) => one.replace(/[A-Za-z0-9%._-]+/g, "");
    expect(marks(text)).toBe(marks(plain));
  });
});
