import { type ReactNode, useMemo, useState } from "react";
import { asProblem, api } from "../../lib/api";
import { useStickToEnd } from "../../lib/scroll";
import { useStream } from "../../lib/stream";
import { Announcer } from "./Announcer";
import { HIDDEN } from "./compose";
import { Composer } from "./Composer";
import { type Entry, isWorking, lastUserMessage, type Message, NOTHING_SAID, type Thread } from "./entries";
import { useSending } from "./echoes";
import { type Acts, EntryView } from "./EntryView";
import { addEvent } from "./state";
import { Status } from "./Status";
import "./conversation.css";

interface Props {
  id: string;
  /** How a deployment that an entry speaks of is shown, and what says something for it; stable. */
  renderDeployment: (id: string, say: (text: string) => void) => ReactNode;
}

type Sending = Pick<ReturnType<typeof useSending>, "send" | "drop">;

export function Conversation({ id, renderDeployment }: Props) {
  const thread = useStream(`conversation:${id}`, addEvent, NOTHING_SAID);
  const [editing, setEditing] = useState<Message | null>(null);
  const { view, content, toEnd } = useStickToEnd();
  // Who speaks wants to see the answer, wherever they have read.
  const { shown, send, drop } = useSending(id, thread, toEnd);
  const { acts, problem } = useActs(id, renderDeployment, setEditing, { send, drop });
  return (
    <div className="conversation">
      <h2 className="visually-hidden">Conversation</h2>
      <div className="scroller" ref={view}>
        <div className="messages" ref={content} role="log" aria-label="Conversation" aria-live="off">
          {shown.entries.length === 0 && <Welcome />}
          <Entries thread={shown} acts={acts} />
          {problem && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
        </div>
      </div>
      <Announcer entries={thread.entries} />
      <div className="dock" id="dock" />
      <Status thread={shown} />
      <Composer
        key={`${id} ${editing?.id ?? ""}`}
        conversation={id}
        editing={editing}
        isWorking={isWorking(shown)}
        onSend={send}
        onStop={() => api.stop(id)}
        onEditLast={() => setEditing(lastUserMessage(thread))}
        onEditDone={() => setEditing(null)}
      />
    </div>
  );
}

/** What entries can ask for. What fails is told at the end of the conversation. */
function useActs(id: string, renderDeployment: Props["renderDeployment"], edit: (message: Message) => void, { send, drop }: Sending) {
  const [problem, setProblem] = useState<string | null>(null);
  const acts = useMemo((): Acts => {
    const attempt = (request: Promise<unknown>) => {
      setProblem(null);
      request.catch((error: unknown) => setProblem(`${asProblem(error).message} ${asProblem(error).fix}`));
    };
    const say = (text: string, replaces: string | null) => attempt(send(text, crypto.randomUUID(), replaces));
    return {
      renderDeployment: (deployment) => renderDeployment(deployment, (text) => say(text, null)),
      act: (action) => {
        if (action.say !== null) say(action.say, null);
        else if (action.edit !== null) attempt(api.answerEdit(id, action.edit, { action: "accept" }));
      },
      consent: (approval, consent) => api.answerApproval(id, approval, consent),
      restOfEdit: (edit, after) => api.restOfEdit(id, edit, after),
      answerEdit: (edit, answer) => api.answerEdit(id, edit, answer),
      edit,
      retry: (message) => say(message.text, message.id),
      resend: (message) => attempt(send(message.text, message.id, null)),
      drop: (message) => drop(message.id),
    };
  }, [id, renderDeployment, edit, send, drop]);
  return { acts, problem };
}

/** The entries in order; what a message was edited from, with all that came of it, is folded away. */
function Entries({ thread, acts }: { thread: Thread; acts: Acts }) {
  const last = thread.entries.at(-1);
  const lastUser = lastUserMessage(thread);
  // What is told of itself, or says what to do next, is no answer that one would want another of.
  const isAnswer = last?.kind === "message" && last.role === "assistant" && last.turn !== null && last.actions.length === 0;
  const retried = isAnswer && !isWorking(thread) && !lastUser?.text.includes(HIDDEN) ? lastUser : null;
  const show = (entry: Entry) => (
    <EntryView
      key={`${entry.kind} ${keyOf(entry)}`}
      entry={entry}
      acts={acts}
      canEdit={entry === lastUser && !lastUser.sending}
      retried={entry === last ? retried : null}
    />
  );
  return <>{inParts(thread.entries).map((part) => (part[0]?.cut ? <Earlier key={part[0].id} entries={part} show={show} /> : part.map(show)))}</>;
}

/** An echo and the message that it becomes are one and the same. */
function keyOf(entry: Entry): string {
  return (entry.kind === "message" && entry.clientId) || entry.id;
}

function Earlier({ entries, show }: { entries: Entry[]; show: (entry: Entry) => ReactNode }) {
  return (
    <details className="earlier">
      <summary className="quiet">Before the edit</summary>
      <div className="earlier-entries">{entries.map(show)}</div>
    </details>
  );
}

function inParts(entries: Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  for (const entry of entries) {
    const part = parts.at(-1);
    if (part && part[0]?.cut === entry.cut) part.push(entry);
    else parts.push([entry]);
  }
  return parts;
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
