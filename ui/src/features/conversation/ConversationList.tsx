import { useCallback, useEffect, useState } from "react";
import { api, asProblem } from "../../lib/api";
import { usePolled } from "../../lib/polled";
import { navigate, paths } from "../../lib/route";
import { useStream } from "../../lib/stream";
import { ConversationRow } from "./ConversationRow";
import { listed } from "./listing";

const EVERY_MS = 5000;
/** Fewer are seen at a glance. */
const WORTH_SEARCHING = 6;
const anything = () => true;

/** Notices at once that a conversation has got its first message, which is its title. */
function Beginning({ id, onBegun }: { id: string; onBegun: () => void }) {
  const isBegun = useStream(`conversation:${id}`, anything, false);
  useEffect(() => {
    if (isBegun) onBegun();
  }, [isBegun, onBegun]);
  return null;
}

/** The threads there are, the newest first, those that match what is sought, and a way to begin one. */
export function ConversationList({ current }: { current: string | null }) {
  const [sought, setSought] = useState("");
  const q = useSettled(sought.trim());
  const ask = useCallback(() => listed(q), [q]);
  const { value: conversations, problem, again } = usePolled(ask, EVERY_MS);
  const [failed, setFailed] = useState("");
  const fail = (error: unknown) => setFailed(asProblem(error).message);
  const begin = () => {
    setFailed("");
    api.openConversation().then(({ id }) => {
      navigate(paths.conversation(id));
      again();
    }, fail);
  };
  const isSearchable = sought !== "" || (conversations?.length ?? 0) > WORTH_SEARCHING;
  return (
    <nav className="conversations" aria-label="Conversations">
      <h2>Conversations</h2>
      <button type="button" className="button" onClick={begin}>
        New conversation
      </button>
      {isSearchable && (
        <input type="search" className="conversations-search" aria-label="Search conversations" placeholder="Search" maxLength={200} value={sought} onChange={(event) => setSought(event.target.value)} />
      )}
      {(failed || problem) && <p className="problem">{failed || problem?.message}</p>}
      {current && <Beginning key={current} id={current} onBegun={again} />}
      {q !== "" && conversations?.length === 0 && <p className="quiet">None matches.</p>}
      <ul>
        {conversations?.map((one) => (
          <ConversationRow key={one.id} conversation={one} isCurrent={one.id === current} onChange={again} onFail={fail} />
        ))}
      </ul>
    </nav>
  );
}

/** A text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
