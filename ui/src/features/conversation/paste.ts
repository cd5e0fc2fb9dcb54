/** Long texts that are pasted into a message: a chip while it is written, a block of its own once it is sent. */
const LONG_LINES = 25;
const LONG_CHARACTERS = 2000;
/** As the API has it, less what a message needs around it. */
const MOST_CHARACTERS = 19_000;
const FENCE = /^(`{3,})[^\n`]*\n([\s\S]*?)\n\1[ \t]*$/gm;

export function isLong(text: string): boolean {
  return text.length > LONG_CHARACTERS || text.split("\n").length > LONG_LINES;
}

export function linesOf(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}

/** The message as it is sent: of what is too long its end is kept, where errors are. */
export function withPasted(text: string, pasted: string[]): string {
  if (pasted.length === 0) return text;
  const room = Math.floor((MOST_CHARACTERS - text.length) / pasted.length) - 40;
  const blocks = pasted.map((block) => fenced(block.length > room ? `[the start is left out]\n${block.slice(-Math.max(0, room))}` : block));
  return [text, ...blocks].filter(Boolean).join("\n\n");
}

function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text.replace(/\n$/, "")}\n${fence}`;
}

export interface SaidPart {
  text: string;
  isBlock: boolean;
}

/** A user's message in parts: what was written, and the blocks in it. */
export function partsOf(message: string): SaidPart[] {
  const parts: SaidPart[] = [];
  let from = 0;
  const say = (text: string) => {
    if (text.trim()) parts.push({ text: text.trim(), isBlock: false });
  };
  for (const match of message.matchAll(FENCE)) {
    say(message.slice(from, match.index));
    parts.push({ text: match[2] ?? "", isBlock: true });
    from = match.index + match[0].length;
  }
  if (parts.length === 0) return [{ text: message, isBlock: false }];
  say(message.slice(from));
  return parts;
}
