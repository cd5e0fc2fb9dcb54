import { expect, it } from "vitest";
import { parseEnv } from "./dotenv";

it("reads what people have in their .env files", () => {
  const text = `# a comment
export A=1
B = two words # said aside
C="a \\"quoted\\" line\\nand one more"
D='as $it \\n is'
E=
URL=postgres://u:p#x@host/db?a=b
KEY="-----BEGIN
abc
-----END"
`;
  expect(parseEnv(text)).toEqual({
    vars: { A: "1", B: "two words", C: 'a "quoted" line\nand one more', D: "as $it \\n is", E: "", URL: "postgres://u:p#x@host/db?a=b", KEY: "-----BEGIN\nabc\n-----END" },
    wrong: [],
  });
});

it("names the lines that are no assignment, and takes no name for more than a name", () => {
  expect(parseEnv("A=1\nnonsense\n1B=2\n__proto__=x").wrong).toEqual([2, 3]);
  expect(parseEnv('A="never ended\nB=2')).toEqual({ vars: { B: "2" }, wrong: [1] });
  expect(Object.getPrototypeOf(parseEnv("__proto__=x").vars)).toBe(Object.prototype);
});
