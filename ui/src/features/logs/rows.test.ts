import { describe, expect, it } from "vitest";
import { addLine, KEPT_LINES, levelOf, type LogLine, MOST_LINES, NO_LOG } from "../../lib/log";
import { GAP } from "../../lib/subscriptions";
import { LogRows, type RowOptions, rowsOf } from "./rows";
import { FirstError, filterOf, hashOf, lineWith, linesIn, Matches, nextMatch, patternOf, rangesIn } from "./search";

const log = (...texts: string[]): LogLine[] => texts.map((text, at) => ({ seq: at + 1, text, stream: "out", at: "" }));
const OPTIONS: RowOptions = { takes: null, toggled: new Set(), columns: null };
const rows = (lines: LogLine[], options: Partial<RowOptions> = {}) => new LogRows(lines, { ...OPTIONS, ...options }).grow(lines.length);
const downloads = (count: number) => Array.from({ length: count }, (_, at) => `Downloading ${at}.5 MB`);

describe("folds", () => {
  const grouped = log("a", "##[group]Install", "b", "c", "##[endgroup]", "d");
  it("a group has a row of its own and its lines, which can be closed", () => {
    expect(rows(grouped).rows).toEqual([0, -1, 2, 3, 5]);
    expect(rows(grouped).folds[0]).toMatchObject({ kind: "group", title: "Install", from: 1, to: 3 });
    const closed = rows(grouped, { toggled: new Set([0]) });
    expect(closed.rows).toEqual([0, -1, 5]);
    expect([0, 2, 3, 5].map((line) => closed.rowOf(line))).toEqual([0, 1, 1, 2]);
    expect(rows(grouped).rowOf(3)).toBe(3);
  });

  it("many lines of one shape are folded after the first three, and can be opened", () => {
    const many = log("start", ...downloads(40), "end");
    expect(rows(many).rows).toEqual([0, 1, 2, 3, -1, 41]);
    expect(rows(many).folds[0]).toMatchObject({ kind: "repeat", from: 4, to: 40 });
    expect(rows(many).rowOf(30)).toBe(4);
    const open = rows(many, { toggled: new Set([0]) });
    expect(open.rows).toHaveLength(43);
    expect(open.rowOf(30)).toBe(31);
  });

  it("come out the same whether the log comes at once or line by line", () => {
    const many = log("x", ...downloads(30), "##[group]G", ...downloads(30), "y", "##[endgroup]", ...downloads(20));
    for (const options of [{}, { columns: 5 }, { toggled: new Set([0, 2]) }, { takes: filterOf({ level: "error", stream: "all" }) }]) {
      const slow = new LogRows(many, { ...OPTIONS, ...options });
      for (let lines = 0; lines <= many.length; lines++) slow.grow(lines);
      expect(slow.rows).toEqual(rows(many, options).rows);
      expect(slow.height).toBe(rows(many, options).height);
    }
  });

  it("nothing is folded away from a filter", () => {
    const mixed = log(...downloads(40), "error: no space left", "ok");
    expect(rows(mixed, { takes: filterOf({ level: "error", stream: "all" }) }).rows).toEqual([40]);
  });
});

it("wrapped lines take as many rows as they need, and heights find their row", () => {
  expect(["", "abc", "abcd", "日本語", "\tx", "\x1b[31mabcd\x1b[0m"].map((text) => rowsOf(text, 3))).toEqual([1, 1, 2, 2, 3, 2]);
  const wrapped = rows(log("abcdefgh", "b", "cccc"), { columns: 3 });
  expect([0, 2, 3, 4, 9].map((height) => wrapped.rowAt(height))).toEqual([0, 0, 1, 2, 3]);
  expect([wrapped.startOf(1), wrapped.height]).toEqual([3, 6]);
});

it("two hundred thousand lines are taken up in less than two seconds, and the next one in no time", () => {
  const texts = Array.from({ length: 200_000 }, (_, at) => `step ${at} of ${String.fromCharCode(97 + (at % 26))}`);
  const long = texts.map((text, at): LogLine => ({ seq: at + 1, text, stream: "out", at: "" }));
  const started = performance.now();
  const shown = new LogRows(long, OPTIONS).grow(199_999);
  expect(performance.now() - started).toBeLessThan(2000);
  const next = performance.now();
  shown.grow(200_000);
  expect(performance.now() - next).toBeLessThan(50);
  expect(shown.rowOf(150_000)).toBe(150_000);
});

describe("search", () => {
  const lines = log("GET /a 200", "get /b 500", "done", "GET /c (x)");
  const found = (text: string, isRegex = false) => new Matches(lines, patternOf(text, isRegex) as RegExp, null).grow(4).lines;
  it("finds text as it is, and by expressions", () => {
    expect(found("get")).toEqual([0, 1, 3]);
    expect(found("(x)")).toEqual([3]);
    expect(found("get .* [25]00", true)).toEqual([0, 1]);
    expect(patternOf("(", true)).toBe("wrong");
    expect(rangesIn("aXbx", patternOf("x", false) as RegExp)).toEqual([[1, 2], [3, 4]]);
    expect(rangesIn("abc", patternOf("x*", true) as RegExp)).toEqual([]);
  });
  it("goes round at the ends", () => {
    expect(nextMatch([2, 5], 2, 1)).toBe(5);
    expect(nextMatch([2, 5], 5, 1)).toBe(2);
    expect(nextMatch([2, 5], 2, -1)).toBe(5);
    expect(nextMatch([], 0, 1)).toBeNull();
  });
  it("finds the line that the evidence of a failure is from", () => {
    const failed = log("npm ci", "\x1b[31mnpm ERR! missing script: build\x1b[0m", "exit 1");
    expect(lineWith(failed, 3, "npm ERR! missing script: build\n")).toBe(1);
    expect(lineWith(failed, 3, "nothing of it")).toBeNull();
  });
});

it.each([
  ["error: no such file", "error"], ["npm ERR! code 1", "error"], ["Traceback (most recent call last):", "error"],
  ["0 errors, 2 warnings", "warning"], ["src/errors.ts compiled", "info"], ["DEBUG pool of 4", "debug"], ["listening", "info"],
])("%j is %s", (text, level) => expect(levelOf(log(text)[0] as LogLine)).toBe(level)); // prettier-ignore

it("the first error is found once", () => {
  const lines = log("a", "fatal: b", "error c");
  const error = new FirstError(lines);
  expect([error.grow(1), error.grow(3), error.grow(3)]).toEqual([null, 1, 1]);
});

it.each([
  ["#L120", [119, 119]], ["#L140-L120", [119, 139]], ["#L1-3", [0, 2]], ["#L0", null], ["#x", null], ["", null],
])("the address %j", (hash, range) => expect(linesIn(hash)).toEqual(range)); // prettier-ignore

it("a range is an address", () => expect([hashOf([0, 0]), hashOf([1, 4])]).toEqual(["#L1", "#L2-L5"]));

it("a log holds a bounded number of lines, and says where some are missing", () => {
  let state = NO_LOG;
  for (let seq = 1; seq <= MOST_LINES + 1; seq++) state = addLine(state, { seq, type: "log", at: "", data: { text: `${seq}`, stream: "out" } });
  expect(state.lines).toBe(KEPT_LINES + 1);
  expect(state.log[0]).toMatchObject({ stream: "gap" });
  expect(state.log[state.lines - 1]?.text).toBe(`${MOST_LINES + 1}`);
  const gapped = addLine(NO_LOG, { seq: 9, type: GAP, at: "", data: { from: 1, to: 9 } });
  expect(gapped.log[0]).toMatchObject({ stream: "gap", text: expect.stringContaining("9 events") as string });
});
