import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Markdown } from "./Markdown";

afterEach(cleanup);

/** T-62: what a repository, a log or a model may try. */
const HOSTILE = JSON.parse(readFileSync(join(import.meta.dirname, "hostile.json"), "utf8")) as string[];
const ALLOWED = new Set(
  "DIV P H4 FIGURE FIGCAPTION PRE CODE SPAN BUTTON UL OL LI BLOCKQUOTE HR STRONG EM A BDI".split(" "),
);
const ATTRIBUTES = new Set(["class", "type", "tabindex", "start", "href", "target", "rel"]);

describe("nothing becomes markup, is loaded, or leads anywhere but to http", () => {
  it.each(HOSTILE)("%j", (text) => {
    const { container } = render(<Markdown text={text} />);
    for (const element of container.querySelectorAll("*")) {
      expect(ALLOWED).toContain(element.tagName);
      for (const { name } of element.attributes) expect(ATTRIBUTES).toContain(name);
      if (element instanceof HTMLAnchorElement) {
        expect(element.protocol).toMatch(/^https?:$/);
        expect(element.origin).not.toBe(location.origin);
        expect(element.rel).toBe("noopener noreferrer nofollow");
        expect(element.parentElement?.textContent).toContain(element.host);
      }
    }
  });
});

it("the text of a link cannot turn round the order of what follows it", () => {
  const { container } = render(<Markdown text={"[\u202emoc.buhtig](https://evil.example)"} />);
  expect(container.textContent).toBe("\\u{202e}moc.buhtig (evil.example)");
});
