import type { ReactNode } from "react";
import { useStickToEnd } from "../../lib/scroll";
import { useStream } from "../../lib/stream";
import { Composer } from "./Composer";
import { addEvent, type Message, NO_MESSAGES } from "./state";

interface Props {
  id: string;
  /** How a deployment that a message speaks of is shown. */
  renderDeployment: (id: string) => ReactNode;
}

export function Conversation({ id, renderDeployment }: Props) {
  const messages = useStream(`conversation:${id}`, addEvent, NO_MESSAGES);
  const { view, content } = useStickToEnd();
  return (
    <div className="conversation">
      <div className="scroller" ref={view}>
        <div className="messages" ref={content} role="log" aria-label="Conversation" aria-live="polite">
          {messages.length === 0 && <Welcome />}
          {messages.map((message) => (
            <Entry key={message.id} message={message} renderDeployment={renderDeployment} />
          ))}
        </div>
      </div>
      <Composer conversation={id} />
    </div>
  );
}

function Entry({ message, renderDeployment }: { message: Message; renderDeployment: Props["renderDeployment"] }) {
  return (
    <article className={`message message-${message.role}`}>
      <span className="visually-hidden">{message.role === "user" ? "You" : "DevGem"}</span>
      {message.text && <p className="message-text">{message.text}</p>}
      {message.deployment && renderDeployment(message.deployment)}
    </article>
  );
}

function Welcome() {
  return (
    <div className="welcome">
      <h2>Say deploy, get a working link</h2>
      <p>
        Name a repository or a folder of this machine, for example <code>deploy sample</code> or{" "}
        <code>deploy owner/repo</code>. You see every stage and log line as it happens.
      </p>
    </div>
  );
}
