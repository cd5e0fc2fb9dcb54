import { describe, expect, it } from "vitest";
import { read } from "./address";

const of = (query: string) => read(new URLSearchParams(query));

describe("the address of a button", () => {
  it("asks for a repository, and names what to fill in", () => {
    const asked = of("repo=https%3A%2F%2Fgithub.com%2Fada%2Fshop&ref=main&dir=apps%2Fweb&name=shop&env=A,B&env=B,C");
    expect(asked).toEqual({
      repo: "https://github.com/ada/shop",
      ref: "main",
      dir: "apps/web",
      name: "shop",
      env: ["A", "B", "C"],
      ignored: [],
      valued: [],
      refused: "",
    });
  });

  it("may say more, which is ignored and told", () => {
    expect(of("repo=a/b&utm_source=x&command=rm&utm_source=y").ignored).toEqual(["utm_source", "command"]);
  });

  it("gives no values", () => {
    const asked = of("repo=a/b&env=KEY=hunter2,OTHER&env[TOKEN]=x");
    expect(asked.env).toEqual(["OTHER"]);
    expect(asked.valued).toEqual(["KEY", "env[TOKEN]"]);
    expect(JSON.stringify(asked)).not.toContain("hunter2");
  });

  it.each(["/etc", "./x", "../x", "~", "file:///etc", "FILE:x", "a\\b"])("names no folder: %s", (repo) => {
    expect(read(new URLSearchParams({ repo })).refused).toContain("no folder");
  });

  it("names config vars as a process can have them", () => {
    expect(of("repo=a/b&env=A-B,1A,,%20OK%20,<script>").env).toEqual(["OK"]);
  });
});
