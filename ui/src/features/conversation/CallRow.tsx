import { visible } from "../../lib/visible";
import type { Call } from "./entries";

const MARK: Record<Call["status"], { sign: string; says: string }> = {
  running: { sign: "◐", says: "running" },
  ok: { sign: "●", says: "done" },
  failed: { sign: "✕", says: "failed" },
};

/** A tool call in a line; its exact arguments are one click away. */
export function CallRow({ call }: { call: Call }) {
  const mark = MARK[call.status];
  return (
    <details className={`call call-${call.status}`}>
      <summary>
        <span className="call-mark" role="img" aria-label={mark.says}>
          {mark.sign}
        </span>
        <span>{visible(call.title)}</span>
        {call.summary && <span className="quiet call-summary">{visible(call.summary)}</span>}
      </summary>
      <Arguments tool={call.tool} values={call.arguments} />
    </details>
  );
}

const LINE_CHARACTERS = 80;

function written(value: unknown): string {
  if (typeof value === "string") return value;
  const line = JSON.stringify(value);
  return line.length <= LINE_CHARACTERS ? line : JSON.stringify(value, null, 1);
}

/** A call as it is made: nothing shortened, nothing invisible. */
export function Arguments({ tool, values }: { tool: string; values: Record<string, unknown> }) {
  const named = Object.entries(values);
  return (
    <dl className="arguments">
      <dt>tool</dt>
      <dd>{visible(tool)}</dd>
      {named.map(([name, value]) => (
        <div key={name}>
          <dt>{visible(name)}</dt>
          <dd>{visible(written(value))}</dd>
        </div>
      ))}
    </dl>
  );
}
