import { visible } from "../../lib/visible";
import { linesOf } from "./paste";

const count = (text: string) => `${linesOf(text).toLocaleString("en")} ${linesOf(text) === 1 ? "line" : "lines"}`;

/** Long texts that go with the message that is written. */
export function Pasted({ blocks, onChange }: { blocks: string[]; onChange: (blocks: string[]) => void }) {
  if (blocks.length === 0) return null;
  return (
    <ul className="pasted" aria-label="Pasted">
      {blocks.map((block, at) => (
        <li key={at}>
          <span>Pasted text, {count(block)}</span>
          <button type="button" className="link" aria-label={`Leave out the pasted text of ${count(block)}`} onClick={() => onChange(blocks.filter((_, other) => other !== at))}>
            ✕
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A block within a message that was sent: closed when it is long. */
export function SaidBlock({ text }: { text: string }) {
  const lines = linesOf(text);
  return (
    <details className="said-block" open={lines <= 12}>
      <summary>Pasted text, {count(text)}</summary>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
      <pre tabIndex={0}>{visible(text)}</pre>
    </details>
  );
}
