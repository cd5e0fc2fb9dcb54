/** Reads what people paste from a .env file: comments, `export`, and quoted values over several lines. */
export interface Env {
  vars: Record<string, string>;
  /** The numbers of lines, from 1, that are no assignment. */
  wrong: number[];
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
const ESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

export function parseEnv(text: string): Env {
  const vars: Record<string, string> = Object.create(null) as Record<string, string>;
  const wrong: number[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, rest = ""] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined) {
      wrong.push(at + 1);
      continue;
    }
    const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : null;
    if (quote === null) {
      vars[name] = rest.replace(/\s+#.*$/, "").trim();
      continue;
    }
    const begun = at;
    let value = rest.slice(1);
    while (end(value, quote) < 0 && at + 1 < lines.length) value += `\n${lines[++at] ?? ""}`;
    const stop = end(value, quote);
    if (stop < 0) {
      wrong.push(begun + 1);
      at = begun;
      continue;
    }
    value = value.slice(0, stop);
    vars[name] = quote === "'" ? value : value.replace(/\\(.)/gs, (_, character: string) => ESCAPED[character] ?? character);
  }
  return { vars: { ...vars }, wrong };
}

function end(value: string, quote: string): number {
  for (let at = 0; at < value.length; at++) {
    if (quote === '"' && value[at] === "\\") at++;
    else if (value[at] === quote) return at;
  }
  return -1;
}
