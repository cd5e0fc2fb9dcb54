import { expect, it } from "vitest";
import { completed, completionOf } from "./completion";
import { pairsOf } from "./split";
import { isLong, partsOf, withPasted } from "./paste";

it("what is long is pasted beside, what is short into the message", () => {
  expect([isLong("a\nb"), isLong("x\n".repeat(30)), isLong("x".repeat(3000))]).toEqual([false, true, true]);
});

it("a message and what was pasted can be told apart again, whatever fences it holds", () => {
  const log = "```js\nfence()\n```\nend";
  expect(partsOf(withPasted("why?", [log, "two"]))).toEqual([
    { text: "why?", isBlock: false },
    { text: log, isBlock: true },
    { text: "two", isBlock: true },
  ]);
  expect(partsOf("plain\n\n  as it is ")).toEqual([{ text: "plain\n\n  as it is ", isBlock: false }]);
});

it("of a paste that is too long its end is kept, and it is said", () => {
  const sent = withPasted("why?", [`${"x".repeat(30_000)}\nerror at the end`]);
  expect(sent.length).toBeLessThan(20_000);
  expect(sent).toContain("[the start is left out]");
  expect(sent).toContain("error at the end");
});

it("apps that begin as it is typed come first", () => {
  const found = completionOf("logs of @sh now", 11, ["wash", "shop"]);
  expect(found?.options.map(({ label }) => label)).toEqual(["@shop", "@wash"]);
  expect(found && completed("logs of @sh now", found, found.options[0] as (typeof found.options)[0])).toBe("logs of shop now");
});

it.each(["/deploy x", "mail@host", "a /r", ""])("nothing is suggested for %j", (text) => {
  expect(completionOf(text, text.length, ["host"])).toBeNull();
});

it("what takes the place of what stands beside it", () => {
  expect(pairsOf([" a", "-b", "-c", "+d", " e", "+f"])).toEqual([
    { left: " a", right: " a" },
    { left: "-b", right: "+d" },
    { left: "-c", right: null },
    { left: " e", right: " e" },
    { left: null, right: "+f" },
  ]);
});
