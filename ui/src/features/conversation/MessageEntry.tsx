import { Markdown } from "../../components/Markdown";
import { httpUrl } from "../../lib/markdown";
import { visible } from "../../lib/visible";
import type { Action, Message } from "./entries";

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
}

export function MessageEntry({ message, onAction, onEdit, onRetry }: Props) {
  const isUser = message.role === "user";
  return (
    <article className={`message message-${message.role}`} aria-busy={message.streaming || message.sending}>
      <span className="visually-hidden">{isUser ? "You" : "DevGem"}</span>
      {message.text && (isUser ? <p className="message-text">{message.text}</p> : <Markdown text={message.text} />)}
      {message.streaming && <span className="caret" aria-hidden="true" />}
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
