import { memo, type ReactNode } from "react";
import { visible } from "../../lib/visible";
import { ApprovalCard, type Consent } from "./ApprovalCard";
import { CallRow } from "./CallRow";
import { EditCard, type EditAnswer } from "./EditCard";
import type { Action, Entry, Message, Unknown } from "./entries";
import { MessageEntry } from "./MessageEntry";

/** What the entries of a conversation may ask for; stable, so that an entry is drawn anew only for news of its own. */
export interface Acts {
  renderDeployment: (id: string) => ReactNode;
  act: (action: Action) => void;
  consent: (approval: string, consent: Consent) => Promise<unknown>;
  restOfEdit: (edit: string, after: number) => Promise<unknown>;
  answerEdit: (edit: string, answer: EditAnswer) => Promise<unknown>;
  edit: (message: Message) => void;
  retry: (message: Message) => void;
  /** Sends what could not be sent, or gives it up. */
  resend: (message: Message) => void;
  drop: (message: Message) => void;
}

interface Props {
  entry: Entry;
  acts: Acts;
  canEdit: boolean;
  /** The user's message that can be sent again for another answer. */
  retried: Message | null;
}

export const EntryView = memo(function EntryView({ entry, acts, canEdit, retried }: Props) {
  switch (entry.kind) {
    case "message":
      return (
        <>
          <MessageEntry
            message={entry}
            onAction={acts.act}
            onEdit={canEdit ? () => acts.edit(entry) : null}
            onRetry={retried ? () => acts.retry(retried) : null}
            onResend={() => acts.resend(entry)}
            onDrop={() => acts.drop(entry)}
          />
          {entry.deployment && acts.renderDeployment(entry.deployment)}
        </>
      );
    case "call":
      return (
        <>
          <CallRow call={entry} />
          {entry.deployment && acts.renderDeployment(entry.deployment)}
        </>
      );
    case "approval":
      return <ApprovalCard approval={entry} onAnswer={(consent) => acts.consent(entry.id, consent)} />;
    case "edit":
      return (
        <EditCard edit={entry} onRest={(after) => acts.restOfEdit(entry.id, after)} onAnswer={(answer) => acts.answerEdit(entry.id, answer)} />
      );
    case "notice":
      return <p className="quiet">{visible(entry.text)}</p>;
    case "deployment":
      return acts.renderDeployment(entry.deployment);
    case "unknown":
      return <UnknownView entry={entry} />;
  }
});

/** News of a later version of DevGem. */
function UnknownView({ entry }: { entry: Unknown }) {
  return (
    <details className="call">
      <summary className="quiet">{visible(entry.type)}</summary>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
      <pre className="evidence" tabIndex={0}>
        {visible(JSON.stringify(entry.data, null, 1))}
      </pre>
    </details>
  );
}
