import { visible } from "../../lib/visible";
import type { FileChange, Hunk } from "./entries";

const OPEN_LINES = 200;
const KIND: Record<string, string> = { "+": "added", "-": "removed" };

interface Props {
  file: FileChange;
  accepted: ReadonlySet<string>;
  /** Null when there is nothing to choose any more. */
  onChoose: ((hunk: string, accept: boolean) => void) | null;
}

/** One file's changes; long ones are closed at first. */
export function Diff({ file, accepted, onChoose }: Props) {
  const lines = file.hunks.flatMap((hunk) => hunk.lines);
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  return (
    <details className="diff" open={lines.length <= OPEN_LINES}>
      <summary>
        <code>{visible(file.path)}</code> <span className="quiet">{file.change}</span>{" "}
        <span className="added numbers">+{count("+")}</span> <span className="removed numbers">-{count("-")}</span>
      </summary>
      {file.hunks.map((hunk) => (
        <HunkView key={hunk.id} path={file.path} hunk={hunk} isAccepted={accepted.has(hunk.id)} onChoose={onChoose} />
      ))}
    </details>
  );
}

function HunkView({ path, hunk, isAccepted, onChoose }: { path: string; hunk: Hunk; isAccepted: boolean; onChoose: Props["onChoose"] }) {
  return (
    <div className={isAccepted ? "hunk" : "hunk hunk-refused"}>
      <label className="hunk-head">
        <input
          type="checkbox"
          checked={isAccepted}
          disabled={onChoose === null}
          aria-label={`Accept ${path} ${hunk.header}`}
          onChange={(event) => onChoose?.(hunk.id, event.target.checked)}
        />
        <code>{visible(hunk.header)}</code>
      </label>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
      <pre tabIndex={0} aria-label={`Changes in ${path} ${hunk.header}`}>
        <span className="hunk-lines">
          {hunk.lines.map((line, index) => (
            <span key={index} className={`hunk-line ${KIND[line[0] ?? ""] ?? ""}`}>
              {visible(line)}
              {"\n"}
            </span>
          ))}
        </span>
      </pre>
    </div>
  );
}
