import { Markdown } from "../../components/Markdown";
import { httpUrl } from "../../lib/markdown";
import { visible } from "../../lib/visible";
import type { Action, Message } from "./entries";
import { SaidBlock } from "./Pasted";
import { partsOf } from "./paste";

const STOPPED: Record<string, string> = {
  user: "You stopped this answer.",
  budget: "A budget is used up.",
  steps: "It took too many steps and was ended.",
  time: "It took too long and was ended.",
  error: "Something went wrong before the end.",
};

interface Props {
  message: Message;
  onAction: (action: Action) => void;
  /** Null where it is not the last of its kind, or not to be had now. */
  onEdit: (() => void) | null;
  onRetry: (() => void) | null;
  onResend: () => void;
  onDrop: () => void;
}

export function MessageEntry({ message, onAction, onEdit, onRetry, onResend, onDrop }: Props) {
  const isUser = message.role === "user";
  return (
    <article className={`message message-${message.role}${message.streaming ? " message-streaming" : ""}`} aria-busy={message.streaming || message.sending}>
      <span className="visually-hidden">{isUser ? "You" : "DevGem"}</span>
      {message.text && (isUser ? <Said text={message.text} /> : <Markdown text={message.text} />)}
      {message.streaming && !message.text && <span className="caret" aria-hidden="true" />}
      {message.unsent && <Unsent problem={message.unsent} onResend={onResend} onDrop={onDrop} />}
      {message.stopped && <p className="quiet">{STOPPED[message.stopped] ?? `Ended: ${message.stopped}`}</p>}
      {message.actions.length > 0 && (
        <div className="buttons">
          {message.actions.map((action) => (
            <ActionButton key={action.label} action={action} onAction={onAction} />
          ))}
        </div>
      )}
      {(onEdit || onRetry) && (
        <div className="message-tools">
          {onEdit && (
            <button type="button" className="link" onClick={onEdit}>
              Edit
            </button>
          )}
          {onRetry && (
            <button type="button" className="link" onClick={onRetry}>
              Try again
            </button>
          )}
        </div>
      )}
    </article>
  );
}

/** What was written, and what was pasted with it. */
function Said({ text }: { text: string }) {
  return (
    <div className="message-text">
      {partsOf(text).map((part, at) => (part.isBlock ? <SaidBlock key={at} text={part.text} /> : <p key={at}>{part.text}</p>))}
    </div>
  );
}

/** Said where it happened: nothing that was written is lost. */
function Unsent({ problem, onResend, onDrop }: { problem: string; onResend: () => void; onDrop: () => void }) {
  return (
    <p className="unsent" role="alert">
      <span>Not sent. {problem}</span>
      <button type="button" className="link" onClick={onResend}>
        Send again
      </button>
      <button type="button" className="link" onClick={onDrop}>
        Discard
      </button>
    </p>
  );
}

/** An address that is not http is no action. */
function ActionButton({ action, onAction }: { action: Action; onAction: Props["onAction"] }) {
  if (action.url !== null) {
    const url = httpUrl(action.url);
    if (!url) return null;
    return (
      <a className="button" href={url.href} target="_blank" rel="noopener noreferrer">
        <bdi>{visible(action.label)}</bdi>{" "}
        <bdi className="quiet">({url.host})</bdi>
      </a>
    );
  }
  return (
    <button type="button" className="button" onClick={() => onAction(action)}>
      {visible(action.label)}
    </button>
  );
}
