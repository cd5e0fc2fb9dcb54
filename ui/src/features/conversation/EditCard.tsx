import { useId, useState } from "react";
import { asProblem, type Problem } from "../../lib/api";
import { visible } from "../../lib/visible";
import { Diff } from "./Diff";
import type { Check, Edit, Flag } from "./entries";

export interface EditAnswer {
  action: "accept" | "discard";
  /** The accepted hunks, or all when it is left out. */
  hunks?: string[];
}

interface Props {
  edit: Edit;
  onAnswer: (answer: EditAnswer) => Promise<unknown>;
}

const ENDED: Record<Edit["status"], string> = { proposed: "", applied: "Applied", reverted: "Discarded" };

/** An older proposal is folded away: it can be accepted again once its state was gone back to. */
export function EditCard({ edit, onAnswer }: Props) {
  if (edit.status !== "proposed" || edit.isNewest) return <Proposal edit={edit} onAnswer={onAnswer} />;
  return (
    <details className="call">
      <summary>
        <span>{titleOf(edit)}</span>
        <span className="quiet">There is a newer diff</span>
      </summary>
      <Proposal edit={edit} onAnswer={onAnswer} />
    </details>
  );
}

function titleOf({ app, summary }: Edit): string {
  return visible(summary.startsWith(`${app}: `) ? summary : `${app}: ${summary}`);
}

/** The diff with a choice for each hunk, what is odd about it, and what was checked. */
function Proposal({ edit, onAnswer }: Props) {
  const title = useId();
  const all = edit.files.flatMap((file) => file.hunks.map((hunk) => hunk.id));
  const [refused, setRefused] = useState<ReadonlySet<string>>(new Set());
  const accepted = all.filter((hunk) => !refused.has(hunk));
  const choose = (hunk: string, accept: boolean) => {
    const next = new Set(refused);
    if (accept) next.delete(hunk);
    else next.add(hunk);
    setRefused(next);
  };
  const isOpen = edit.status === "proposed" && !edit.cut;
  const applied = edit.accepted.length > 0 ? edit.accepted : all;
  const shown = edit.status === "applied" ? applied : accepted;
  return (
    <section className={`card edit edit-${edit.status}`} aria-labelledby={title}>
      <h3 id={title}>{titleOf(edit)}</h3>
      <Flags flags={edit.flags} />
      {edit.files.map((file) => (
        <Diff key={file.path} file={file} accepted={new Set(shown)} onChoose={isOpen ? choose : null} />
      ))}
      <Checks checks={edit.checks} />
      {isOpen ? (
        <Answer accepted={accepted} all={all} onAnswer={onAnswer} />
      ) : (
        <p className="quiet" role="status">
          {ENDED[edit.status]}
          {edit.status === "applied" && all.length > 1 && `, ${shown.length} of ${all.length} hunks`}
        </p>
      )}
    </section>
  );
}

function Answer({ accepted, all, onAnswer }: { accepted: string[]; all: string[]; onAnswer: Props["onAnswer"] }) {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const answer = (chosen: EditAnswer) => {
    setSending(true);
    setProblem(null);
    onAnswer(chosen).then(
      () => setSending(false),
      (error: unknown) => {
        setSending(false);
        setProblem(asProblem(error));
      },
    );
  };
  const isWhole = accepted.length === all.length;
  return (
    <>
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      <div className="buttons">
        <button
          type="button"
          className="button button-primary"
          disabled={sending || (all.length > 0 && accepted.length === 0)}
          onClick={() => answer(isWhole ? { action: "accept" } : { action: "accept", hunks: accepted })}
        >
          {isWhole ? "Accept" : `Accept ${accepted.length} of ${all.length}`}
        </button>
        <button type="button" className="button" disabled={sending} onClick={() => answer({ action: "discard" })}>
          Discard
        </button>
      </div>
    </>
  );
}

function Flags({ flags }: { flags: Flag[] }) {
  if (flags.length === 0) return null;
  return (
    <ul className="flags" aria-label="To look at">
      {flags.map((flag, index) => (
        <li key={index}>
          <strong>{flag.kind}</strong> {visible(flag.detail)}{" "}
          <code>
            {visible(flag.path)}
            {flag.line !== null && `:${flag.line}`}
          </code>
        </li>
      ))}
    </ul>
  );
}

function Checks({ checks }: { checks: Check[] }) {
  if (checks.length === 0) return null;
  return (
    <ul className="checks" aria-label="Checks">
      {checks.map((check) => (
        <li key={check.name} className={check.ok ? "check-ok" : "check-failed"}>
          <span role="img" aria-label={check.ok ? "passed" : "failed"}>
            {check.ok ? "●" : "✕"}
          </span>{" "}
          {check.name} <span className="quiet">{visible(check.detail)}</span>
        </li>
      ))}
    </ul>
  );
}
