import { describe, expect, it } from "vitest";
import { type Block, blocks, type Inline, inline } from "./markdown";

function plain(parts: Inline[]): string {
  return parts.map((part) => ("text" in part ? part.text : plain(part.parts))).join("");
}

function outline(found: Block[]): unknown[] {
  return found.map((block) => {
    if (block.kind === "list") return [block.ordered ? "ol" : "ul", ...block.items.map(outline)];
    if (block.kind === "quote") return ["quote", ...outline(block.blocks)];
    if (block.kind === "code") return ["code", block.language, block.text];
    return block.kind === "rule" ? "rule" : [block.kind, plain(block.parts)];
  });
}

describe("blocks", () => {
  it.each([
    ["one\ntwo\n\nthree", [["paragraph", "one\ntwo"], ["paragraph", "three"]]],
    ["# Head #\ntext", [["heading", "Head #"], ["paragraph", "text"]]],
    ["a\n---\nb", [["paragraph", "a"], "rule", ["paragraph", "b"]]],
    ["```sh\nnpm ci\n\n# not a heading\n```\nend", [["code", "sh", "npm ci\n\n# not a heading"], ["paragraph", "end"]]],
    ["~~~\n```\n~~~", [["code", "", "```"]]],
    ["```js\nstill com", [["code", "js", "still com"]]],
    ["- a\n- b\n\nend", [["ul", [["paragraph", "a"]], [["paragraph", "b"]]], ["paragraph", "end"]]],
    ["3. a\n4. b", [["ol", [["paragraph", "a"]], [["paragraph", "b"]]]]],
    ["- a\n  - b\n- c", [["ul", [["paragraph", "a"], ["ul", [["paragraph", "b"]]]], [["paragraph", "c"]]]]],
    ["- a\n\n  more\n- b", [["ul", [["paragraph", "a"], ["paragraph", "more"]], [["paragraph", "b"]]]]],
    ["1. x\n   ```\n   y\n   ```", [["ol", [["paragraph", "x"], ["code", "", "y"]]]]],
    ["text:\n- a", [["paragraph", "text:"], ["ul", [["paragraph", "a"]]]]],
    ["> a\n> - b", [["quote", ["paragraph", "a"], ["ul", [["paragraph", "b"]]]]]],
    ["-not a list\n#nor a heading", [["paragraph", "-not a list\n#nor a heading"]]],
    ["", []],
    ["  deploy <folder>\r\n  list", [["paragraph", "  deploy <folder>\n  list"]]],
  ])("%j", (text, expected) => expect(outline(blocks(text))).toEqual(expected));
});

describe("inline", () => {
  it.each([
    ["a **b** c", ["a ", ["strong", "b"], " c"]],
    ["**a `b` c**", [["strong", "a b c"]]],
    ["*a* and _b_", [["emphasis", "a"], " and ", ["emphasis", "b"]]],
    ["2 * 3 * 4, snake_case_name, __init__", ["2 * 3 * 4, snake_case_name, __init__"]],
    ["`**x**`", [["code", "**x**"]]],
    ["`` a`b ``", [["code", "a`b"]]],
    ["\\*not\\*", ["*not*"]],
    ["**open", ["**open"]],
    ["see https://a.example/x_y_z.", ["see ", ["link", "https://a.example/x_y_z"], "."]],
    ["(https://a.example/)", ["(", ["link", "https://a.example/"], ")"]],
    ["[a](https://a.example/p(1))", [["link", "https://a.example/p(1)"]]],
  ])("%j", (text, expected) =>
    expect(
      inline(text).map((part) => {
        if (part.kind === "text") return part.text;
        if (part.kind === "link") return ["link", part.href];
        return [part.kind, "text" in part ? part.text : plain(part.parts)];
      }),
    ).toEqual(expected),
  );

  it("a link says the host that it leads to, whatever its text says", () => {
    expect(inline("[https://github.com](https://evil.example/x)")[0]).toMatchObject({ host: "evil.example", bare: false });
    expect(inline("[x](https://github.com@evil.example/)")[0]).toMatchObject({ host: "evil.example" });
    expect(inline("[x](https://gіthub.com)")[0]).toMatchObject({ host: expect.stringContaining("xn--") as string });
  });

  it("an image is a link and nothing else", () => {
    expect(inline("![chart](https://evil.example/?q=secret)")).toEqual([
      { kind: "link", href: "https://evil.example/?q=secret", host: "evil.example", parts: [{ kind: "text", text: "chart" }], bare: false },
    ]);
    expect(inline("![](data:image/png;base64,AAAA)")).toEqual([{ kind: "text", text: "![](data:image/png;base64,AAAA)" }]);
  });
});

it.each(["*", "**", "_", "`", "``", "[", "![](", "[a](", "[a](b ", "> ", "- ", "  ", "\\", "***a", "`a``b", "http://.", "#", "- - ", "((", "[a](("])(
  "two hundred thousand characters of %j take less than a second",
  (piece) => {
    const text = piece.repeat(Math.ceil(200_000 / piece.length));
    const started = performance.now();
    blocks(text);
    blocks(text + "x");
    expect(performance.now() - started).toBeLessThan(1000);
  },
);
