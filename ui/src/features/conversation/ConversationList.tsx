import { useState } from "react";
import { api, asProblem } from "../../lib/api";
import { usePolled } from "../../lib/polled";
import { visible } from "../../lib/visible";

const EVERY_MS = 5000;

export const conversationHash = (id: string) => `#/conversations/${encodeURIComponent(id)}`;

/** The threads there are, the newest first, and a way to begin one. */
export function ConversationList({ current }: { current: string | null }) {
  const { value: conversations, problem, again } = usePolled(api.conversations, EVERY_MS);
  const [failed, setFailed] = useState("");
  const begin = () => {
    setFailed("");
    api.openConversation().then(
      ({ id }) => {
        location.hash = conversationHash(id);
        again();
      },
      (error: unknown) => setFailed(asProblem(error).message),
    );
  };
  return (
    <nav className="conversations" aria-label="Conversations">
      <h2>Conversations</h2>
      <button type="button" className="button" onClick={begin}>
        New conversation
      </button>
      {(failed || problem) && <p className="problem">{failed || problem?.message}</p>}
      <ul>
        {conversations?.map(({ id, title }) => (
          <li key={id}>
            <a href={conversationHash(id)} aria-current={id === current ? "page" : undefined}>
              {visible(title)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
