import { visible } from "../../lib/visible";
import type { FileChange, Hunk } from "./entries";
import { HunkLines } from "./HunkLines";

const OPEN_LINES = 200;

interface Props {
  file: FileChange;
  accepted: ReadonlySet<string>;
  /** Null when there is nothing to choose any more. */
  onChoose: ((hunk: string, accept: boolean) => void) | null;
  isSplit?: boolean;
}

/** One file's changes; long ones are closed at first. */
export function Diff({ file, accepted, onChoose, isSplit = false }: Props) {
  const lines = file.hunks.flatMap((hunk) => hunk.lines);
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  return (
    <details className="diff" open={lines.length <= OPEN_LINES}>
      <summary>
        <code>{visible(file.path)}</code> <span className="quiet">{file.change}</span>{" "}
        <span className="added numbers">+{count("+")}</span> <span className="removed numbers">-{count("-")}</span>
      </summary>
      {file.hunks.map((hunk) => (
        <HunkView key={hunk.id} path={file.path} hunk={hunk} isAccepted={accepted.has(hunk.id)} onChoose={onChoose} isSplit={isSplit} />
      ))}
    </details>
  );
}

interface HunkProps {
  path: string;
  hunk: Hunk;
  isAccepted: boolean;
  onChoose: Props["onChoose"];
  isSplit: boolean;
}

function HunkView({ path, hunk, isAccepted, onChoose, isSplit }: HunkProps) {
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
      <HunkLines lines={hunk.lines} label={`Changes in ${path} ${hunk.header}`} isSplit={isSplit} />
    </div>
  );
}
