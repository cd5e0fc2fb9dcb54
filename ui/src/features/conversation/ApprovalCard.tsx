import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { visible } from "../../lib/visible";
import { asProblem, type Problem } from "../../lib/api";
import { Arguments } from "./CallRow";
import type { Approval } from "./entries";
import { TypedFields } from "./TypedFields";

export interface Consent {
  granted: boolean;
  digest: string;
  typed_name: string | null;
  values: Record<string, string> | null;
}

interface Props {
  approval: Approval;
  onAnswer: (consent: Consent) => Promise<unknown>;
}

/** What waits for the user's consent, word for word. The answer is bound to it by its digest. */
export function ApprovalCard({ approval, onAnswer }: Props) {
  const title = useId();
  const card = useRef<HTMLElement>(null);
  const pending = approval.status === "pending" && !approval.cut;
  useEffect(() => {
    // The card is what needs an answer; but nobody is torn out of what they write.
    if (pending && nothingIsWritten()) card.current?.focus();
  }, [pending]);
  if (!pending) return <Answered approval={approval} />;
  return (
    <section className="card approval" aria-labelledby={title} ref={card} tabIndex={-1}>
      <h3 id={title}>{visible(approval.title)}</h3>
      {approval.why && <p>You are asked because {visible(approval.why)}.</p>}
      <Arguments tool={approval.tool} values={approval.arguments} />
      <Answer approval={approval} onAnswer={onAnswer} />
    </section>
  );
}

function nothingIsWritten(): boolean {
  const active = document.activeElement;
  if (active instanceof HTMLTextAreaElement || active instanceof HTMLInputElement) return active.value === "";
  return active === null || active === document.body;
}

function Answer({ approval, onAnswer }: Props) {
  const [typedName, setTypedName] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isComplete =
    (approval.typedName === null || typedName === approval.typedName) &&
    approval.fields.every((field) => (values[field.name] ?? "") !== "");
  const answer = async (granted: boolean) => {
    setSending(true);
    setProblem(null);
    const typed = granted && approval.fields.length > 0 ? values : null;
    try {
      await onAnswer({ granted, digest: approval.digest, typed_name: granted ? typedName || null : null, values: typed });
      setValues({});
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setSending(false);
    }
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (isComplete && !sending) void answer(true);
  };
  return (
    <form className="answer" onSubmit={onSubmit}>
      <TypedFields approval={approval} typedName={typedName} onName={setTypedName} values={values} onValues={setValues} />
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      <div className="buttons">
        <button type="submit" className="button button-primary" disabled={!isComplete || sending}>
          Approve
        </button>
        <button type="button" className="button" disabled={sending} onClick={() => void answer(false)}>
          Deny
        </button>
      </div>
    </form>
  );
}

/** What became of it in a line, with what it was about one click away. */
function Answered({ approval }: { approval: Approval }) {
  return (
    <details className="call">
      <summary>
        <span>{visible(approval.title)}</span>
        <span className="quiet">{outcome(approval)}</span>
      </summary>
      <Arguments tool={approval.tool} values={approval.arguments} />
    </details>
  );
}

function outcome({ status, by, reason }: Approval): string {
  if (status === "pending") return "It is not asked for any more";
  const who = by ? ` by ${by}` : "";
  return `${status === "granted" ? "Approved" : "Denied"}${who}${reason ? `: ${visible(reason)}` : ""}`;
}
