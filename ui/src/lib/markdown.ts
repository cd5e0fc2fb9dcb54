/**
 * The markdown that models write, as values: paragraphs, headings, lists, quotes, code, bold, emphasis, links. There is
 * no raw HTML and no image, and a link leads to http or https only. What is not understood stays text. Every scan is
 * linear in the text, whatever it holds, since it is parsed anew as it streams in.
 */
export type Inline =
  | { kind: "text" | "code"; text: string }
  | { kind: "strong" | "emphasis"; parts: Inline[] }
  | { kind: "link"; href: string; host: string; parts: Inline[]; bare: boolean };

export type Block =
  | { kind: "paragraph" | "heading"; parts: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "list"; ordered: boolean; start: number; items: Block[][] }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "rule" };

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)/;
const HEADING = /^ {0,3}#{1,6}[ \t]+(.*)$/;
const RULE = /^ {0,3}(?:-(?:[ \t]*-){2,}|\*(?:[ \t]*\*){2,}|_(?:[ \t]*_){2,})[ \t]*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|\t|$)/;
const QUOTE = /^ {0,3}> ?/;
const NESTED = 8;

export function blocks(text: string): Block[] {
  return parse(text.replace(/\r\n?/g, "\n").split("\n"), 0);
}

function parse(lines: string[], depth: number): Block[] {
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] as string;
    const [block, next] = blank(line) ? [null, at + 1] : (special(lines, at, depth) ?? paragraph(lines, at));
    if (block) found.push(block);
    at = next;
  }
  return found;
}

type Taken = [block: Block, next: number];

function special(lines: string[], at: number, depth: number): Taken | null {
  const line = lines[at] as string;
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence[1] as string, fence[2] ?? "");
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: "heading", parts: inline((heading[1] as string).trim()) }, at + 1];
  if (RULE.test(line)) return [{ kind: "rule" }, at + 1];
  if (depth >= NESTED) return null;
  if (QUOTE.test(line)) return quote(lines, at, depth);
  return ITEM.test(line) ? list(lines, at, depth) : null;
}

/** Without its end, which may be still to come, a fence holds all the rest. */
function code(lines: string[], at: number, fence: string, language: string): Taken {
  let end = at + 1;
  while (end < lines.length && !closes(lines[end] as string, fence)) end++;
  return [{ kind: "code", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function closes(line: string, fence: string): boolean {
  const text = line.trim();
  return text.length >= fence.length && text === (fence[0] as string).repeat(text.length);
}

function quote(lines: string[], at: number, depth: number): Taken {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end] as string)) end++;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [{ kind: "quote", blocks: parse(inner, depth + 1) }, end];
}

function list(lines: string[], at: number, depth: number): Taken {
  const ordered = /\d/.test((ITEM.exec(lines[at] as string) as RegExpExecArray)[2] as string);
  const start = ordered ? parseInt((lines[at] as string).trim(), 10) : 1;
  const items: Block[][] = [];
  let next = at;
  while (next < lines.length) {
    const item = ITEM.exec(lines[next] as string);
    if (!item || /\d/.test(item[2] as string) !== ordered || RULE.test(lines[next] as string)) break;
    const [inner, end] = itemLines(lines, next, item[0].length);
    items.push(parse(inner, depth + 1));
    next = end;
  }
  return [{ kind: "list", ordered, start, items }, next];
}

/** An item goes on with lines that are indented, and over blank lines when an indented one follows. */
function itemLines(lines: string[], at: number, width: number): [string[], number] {
  const inner = [(lines[at] as string).slice(width)];
  let next = at + 1;
  while (next < lines.length) {
    const line = lines[next] as string;
    const indented = /^(?: {2,}|\t)\S/.test(line);
    const goesOn = blank(line) ? /^(?: {2,}|\t)\S/.test(lines[next + 1] ?? "") : indented || lazy(line, inner);
    if (!goesOn) break;
    inner.push(dedent(line, width));
    next++;
  }
  while (next < lines.length && blank(lines[next] as string) && ITEM.test(lines[next + 1] ?? "")) next++;
  return [inner, next];
}

function lazy(line: string, inner: string[]): boolean {
  return !blank(inner.at(-1) as string) && !startsBlock(line);
}

function dedent(line: string, width: number): string {
  const spaces = line.length - line.trimStart().length;
  return line.slice(Math.min(spaces, width));
}

function paragraph(lines: string[], at: number): Taken {
  let end = at + 1;
  while (end < lines.length && !blank(lines[end] as string) && !startsBlock(lines[end] as string)) end++;
  return [{ kind: "paragraph", parts: inline(lines.slice(at, end).join("\n")) }, end];
}

function startsBlock(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));
}

function blank(line: string): boolean {
  return line.trim() === "";
}

// Each alternative stops at the first character that cannot belong to it, so that no text is scanned over and over.
const INLINE = new RegExp(
  [
    /\\([\\`*_{}[\]()#+\-.!<>~|])/, // 1: an escaped sign
    /``((?:[^`\n]|`(?!`))+)``(?!`)/, // 2: code that holds a backtick
    /`([^`\n]+)`/, // 3: code
    /\*\*((?:[^*\n]|\*(?!\*))+)\*\*(?!\*)/, // 4: strong
    /\*(?![\s*])([^*\n]+)\*/, // 5: emphasis
    /(?<!\w)_(?![\s_])([^_\n]+)_(?!\w)/, // 6: emphasis
    /(!?)\[([^[\]]*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?: "[^"\n]*")?\)/, // 7, 8, 9: link or image
    /(https?:\/\/[^\s<>"'`\\]+)/, // 10: a bare address
  ]
    .map((alternative) => alternative.source)
    .join("|"),
  "g",
);

export function inline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  const say = (more: string) => {
    const last = found.at(-1);
    if (last?.kind === "text") last.text += more;
    else if (more) found.push({ kind: "text", text: more });
  };
  let from = 0;
  for (const match of depth < NESTED ? text.matchAll(INLINE) : []) {
    if (match.index < from) continue;
    say(text.slice(from, match.index));
    const taken = part(match, depth);
    if (typeof taken === "string") say(taken);
    else found.push(...taken);
    from = match.index + match[0].length;
  }
  say(text.slice(from));
  return found;
}

function part(match: RegExpMatchArray, depth: number): Inline[] | string {
  const [whole, escaped, double, single, strong, starred, underscored, image, label, target, address] = match;
  if (escaped !== undefined) return escaped;
  if (double !== undefined) return [{ kind: "code", text: double.trim() }];
  if (single !== undefined) return [{ kind: "code", text: single }];
  if (strong !== undefined) return [{ kind: "strong", parts: inline(strong, depth + 1) }];
  const emphasis = starred ?? underscored;
  if (emphasis !== undefined) return [{ kind: "emphasis", parts: inline(emphasis, depth + 1) }];
  if (address !== undefined) return bareLink(address);
  return link(label ?? "", target ?? "", image === "!") ?? whole;
}

/** An image is never loaded: it becomes a link that says where it leads. */
function link(label: string, target: string, isImage: boolean): Inline[] | null {
  const url = httpUrl(target);
  if (!url) return null;
  const text = label.trim() || (isImage ? "image" : target);
  return [{ kind: "link", href: url.href, host: url.host, parts: [{ kind: "text", text }], bare: text === target }];
}

/** What ends a sentence does not belong to an address, nor does a bracket that was opened before it. */
function bareLink(address: string): Inline[] {
  const bracket = address.includes("(") ? "" : ")]";
  let length = address.length;
  while (length > 0 && (".,;:!?*_" + bracket).includes(address[length - 1] as string)) length--;
  const text = address.slice(0, length);
  const url = httpUrl(text);
  if (!url) return [{ kind: "text", text: address }];
  const found: Inline = { kind: "link", href: url.href, host: url.host, parts: [{ kind: "text", text }], bare: true };
  return length < address.length ? [found, { kind: "text", text: address.slice(length) }] : [found];
}

/** Null for everything but an absolute http or https address. */
export function httpUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}
