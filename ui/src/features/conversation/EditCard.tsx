import { useId, useState } from "react";
import { asProblem, type Problem } from "../../lib/api";
import { visible } from "../../lib/visible";
import { Diff } from "./Diff";
import { useDiff } from "./diff";
import type { Check, Edit, Flag, Rest } from "./entries";

export interface EditAnswer {
  action: "accept" | "discard";
  /** The accepted hunks, or all when it is left out. */
  hunks?: string[];
}

interface Props {
  edit: Edit;
  /** Looks up the part of the diff that comes after so many hunks. */
  onRest: (after: number) => Promise<unknown>;
  onAnswer: (answer: EditAnswer) => Promise<unknown>;
}

type Looked = Pick<ReturnType<typeof useDiff>, "problem" | "looking" | "showAll">;

const ENDED: Record<Edit["status"], string> = { proposed: "", applied: "Applied", reverted: "Discarded" };

/** An older proposal is folded away: it can be accepted again once its state was gone back to. */
export function EditCard(props: Props) {
  const { edit } = props;
  if (edit.status !== "proposed" || edit.isNewest) return <Proposal {...props} />;
  return (
    <details className="call">
      <summary>
        <span>{titleOf(edit)}</span>
        <span className="quiet">There is a newer diff</span>
      </summary>
      <Proposal {...props} />
    </details>
  );
}

function titleOf({ app, summary }: Edit): string {
  return visible(summary.startsWith(`${app}: `) ? summary : `${app}: ${summary}`);
}

/** The diff with a choice for each hunk, what is odd about it, and what was checked. */
function Proposal({ edit, onRest, onAnswer }: Props) {
  const title = useId();
  const shownDiff = useDiff(edit, onRest);
  const all = shownDiff.files.flatMap((file) => file.hunks.map((hunk) => hunk.id));
  const [isSplit, setSplit] = useState(false);
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
      <div className="edit-head">
        <h3 id={title} className="grow">
          {titleOf(edit)}
        </h3>
        <button type="button" className="link edit-split" aria-pressed={isSplit} onClick={() => setSplit(!isSplit)}>
          Side by side
        </button>
      </div>
      <Flags flags={edit.flags} />
      {shownDiff.files.map((file) => (
        <Diff key={file.path} file={file} accepted={new Set(shown)} onChoose={isOpen ? choose : null} isSplit={isSplit} />
      ))}
      {shownDiff.rest && <RestNotice {...shownDiff} rest={shownDiff.rest} isOpen={isOpen} />}
      <Checks checks={edit.checks} />
      {isOpen ? (
        <Answer accepted={accepted} all={all} isWhole={edit.rest === null} isShown={shownDiff.rest === null} onAnswer={onAnswer} />
      ) : (
        <p className="quiet" role="status">
          {ENDED[edit.status]}
          {edit.status === "applied" && all.length > 1 && shownDiff.rest === null && `, ${shown.length} of ${all.length} hunks`}
        </p>
      )}
    </section>
  );
}

/** What is not seen yet. It cannot be accepted before it is. */
function RestNotice({ rest, isOpen, problem, looking, showAll }: { rest: Rest; isOpen: boolean } & Looked) {
  const lines = `${rest.lines.toLocaleString("en")} ${rest.lines === 1 ? "line" : "lines"}`;
  const files = `${rest.files} ${rest.files === 1 ? "file" : "files"}`;
  return (
    <div className="diff-rest">
      <p className="note">
        {lines} in {files} {rest.lines === 1 ? "is" : "are"} not shown.
        {isOpen && " It can be accepted once all of it has been shown."}
      </p>
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      {isOpen && (
        <button type="button" className="button" disabled={looking} onClick={showAll}>
          {looking ? "Looking it up" : "Show all"}
        </button>
      )}
    </div>
  );
}

interface AnswerProps {
  accepted: string[];
  all: string[];
  /** The event had all of it: it can be accepted without naming its hunks. */
  isWhole: boolean;
  isShown: boolean;
  onAnswer: Props["onAnswer"];
}

function Answer({ accepted, all, isWhole, isShown, onAnswer }: AnswerProps) {
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
  const takesAll = accepted.length === all.length;
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
          disabled={sending || !isShown || (all.length > 0 && accepted.length === 0)}
          onClick={() => answer(takesAll && isWhole ? { action: "accept" } : { action: "accept", hunks: accepted })}
        >
          {takesAll ? "Accept" : `Accept ${accepted.length} of ${all.length}`}
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
