import { useEffect, useState } from "react";
import { Link } from "../../components/Link";
import { api, asProblem } from "../../lib/api";
import { usePolled } from "../../lib/polled";
import { navigate, paths } from "../../lib/route";
import { useStream } from "../../lib/stream";
import { visible } from "../../lib/visible";

const EVERY_MS = 5000;
const anything = () => true;

/** Notices at once that a conversation has got its first message, which is its title. */
function Beginning({ id, onBegun }: { id: string; onBegun: () => void }) {
  const isBegun = useStream(`conversation:${id}`, anything, false);
  useEffect(() => {
    if (isBegun) onBegun();
  }, [isBegun, onBegun]);
  return null;
}

/** The threads there are, the newest first, and a way to begin one. */
export function ConversationList({ current }: { current: string | null }) {
  const { value: conversations, problem, again } = usePolled(api.conversations, EVERY_MS);
  const [failed, setFailed] = useState("");
  const begin = () => {
    setFailed("");
    api.openConversation().then(
      ({ id }) => {
        navigate(paths.conversation(id));
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
      {current && <Beginning key={current} id={current} onBegun={again} />}
      <ul>
        {conversations?.map(({ id, title }) => (
          <li key={id}>
            <Link href={paths.conversation(id)} aria-current={id === current ? "page" : undefined}>
              {visible(title)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
