export interface PaletteItem {
  id: string;
  label: string;
  /** What kind of thing it is, or its keys. */
  hint: string;
  run: () => void;
}

const MOST = 50;

/** The items that hold all words of `text`, those first that begin with it; all, in their order, where there is none. */
export function matching(items: readonly PaletteItem[], text: string): PaletteItem[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const scored = items.flatMap((item, index) => {
    const label = item.label.toLocaleLowerCase();
    const all = `${label} ${item.hint.toLocaleLowerCase()}`;
    if (!words.every((word) => all.includes(word))) return [];
    const first = words[0] ?? "";
    const rank = label.startsWith(first) ? 0 : label.includes(` ${first}`) ? 1 : label.includes(first) ? 2 : 3;
    return [{ item, rank: words.length === 0 ? 0 : rank, index }];
  });
  return scored
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .slice(0, MOST)
    .map(({ item }) => item);
}
