/** A hunk's lines as pairs: what was, beside what takes its place. */
export interface Pair {
  left: string | null;
  right: string | null;
}

export function pairsOf(lines: string[]): Pair[] {
  const pairs: Pair[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      pairs.push({ left: removed[at] ?? null, right: added[at] ?? null });
    }
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.startsWith("-")) {
      // Lines are removed before others are added in their place.
      if (added.length > 0) flush();
      removed.push(line);
    } else if (line.startsWith("+")) added.push(line);
    else {
      flush();
      pairs.push({ left: line, right: line });
    }
  }
  flush();
  return pairs;
}
