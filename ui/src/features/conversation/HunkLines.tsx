import { visible } from "../../lib/visible";
import { pairsOf } from "./split";

const KIND: Record<string, string> = { "+": "added", "-": "removed" };

/** The lines of a hunk under each other, or what was beside what is to be. */
export function HunkLines({ lines, label, isSplit }: { lines: string[]; label: string; isSplit: boolean }) {
  if (isSplit) {
    const pairs = pairsOf(lines);
    return (
      <div className="hunk-split">
        <Side lines={pairs.map(({ left }) => left)} label={`${label}, before`} />
        <Side lines={pairs.map(({ right }) => right)} label={`${label}, after`} />
      </div>
    );
  }
  return <Side lines={lines} label={label} />;
}

function Side({ lines, label }: { lines: (string | null)[]; label: string }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard
    <pre tabIndex={0} aria-label={label}>
      <span className="hunk-lines">
        {lines.map((line, index) => (
          <span key={index} className={`hunk-line ${line === null ? "hunk-nothing" : (KIND[line[0] ?? ""] ?? "")}`}>
            {visible(line ?? "")}
            {"\n"}
          </span>
        ))}
      </span>
    </pre>
  );
}
