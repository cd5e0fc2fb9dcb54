import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { asProblem, type Problem } from "../../lib/api";
import type { Message } from "./entries";

/** What DevGem puts in the place of a secret that a message held. */
export const HIDDEN = "[hidden]";

interface Props {
  conversation: string;
  /** The message that is edited; null for a new one. */
  editing: Message | null;
  isWorking: boolean;
  onSend: (text: string, clientId: string, replaces: string | null) => Promise<unknown>;
  onStop: () => Promise<unknown>;
  onEditLast: () => void;
  onEditDone: () => void;
}

/**
 * Enter sends, Shift+Enter breaks the line, the up arrow edits the last message, Escape gives the edit up. What is not
 * sent yet survives a reload. To be made anew for every message that is edited.
 */
export function Composer(props: Props) {
  const { editing, isWorking } = props;
  const composer = useComposer(props);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (editing) area.current?.focus();
  }, [editing]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    composer.send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      composer.send();
    } else if (event.key === "Escape" && editing) {
      props.onEditDone();
    } else if (event.key === "ArrowUp" && composer.text === "" && !editing) {
      event.preventDefault();
      props.onEditLast();
    }
  };
  return (
    <form className="composer" onSubmit={onSubmit}>
      {composer.problem && (
        <p className="problem" role="alert">
          {composer.problem.message} {composer.problem.fix}
        </p>
      )}
      {editing && <Editing hasSecret={composer.hasSecret} onEditDone={props.onEditDone} />}
      <textarea
        ref={area}
        aria-label="Message"
        placeholder="deploy owner/repo"
        rows={1}
        value={composer.text}
        onChange={(event) => composer.write(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {isWorking && <StopButton onStop={props.onStop} />}
      <button type="submit" className="button button-primary" disabled={!composer.canSend}>
        Send
      </button>
    </form>
  );
}

function useComposer({ conversation, editing, onSend, onEditDone }: Props) {
  const draft = `devgem.draft.${conversation}`;
  const [text, setText] = useState(() => editing?.text ?? localStorage.getItem(draft) ?? "");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [sending, setSending] = useState(false);
  // The same text sent again after an answer was lost is the same message.
  const failed = useRef({ text: "", clientId: "" });
  const written = useRef(text);
  const show = (value: string) => {
    setText(value);
    written.current = value;
  };
  const write = (value: string) => {
    show(value);
    if (!editing) localStorage.setItem(draft, value);
  };
  const hasSecret = editing !== null && text.includes(HIDDEN);
  const canSend = text.trim() !== "" && !sending && !hasSecret;
  const send = async () => {
    if (!canSend) return;
    setSending(true);
    setProblem(null);
    const clientId = failed.current.text === text ? failed.current.clientId : crypto.randomUUID();
    // What is written while it is being sent is the next message; the draft is kept until this one has arrived.
    if (!editing) show("");
    try {
      await onSend(text, clientId, editing?.id ?? null);
      failed.current = { text: "", clientId: "" };
      if (editing) onEditDone();
      else localStorage.setItem(draft, written.current);
    } catch (error) {
      failed.current = { text, clientId };
      if (!editing) write(written.current ? `${text}\n${written.current}` : text);
      setProblem(asProblem(error));
    } finally {
      setSending(false);
    }
  };
  return { text, write, problem, canSend, hasSecret, send: () => void send() };
}

function Editing({ hasSecret, onEditDone }: { hasSecret: boolean; onEditDone: () => void }) {
  return (
    <p className="editing">
      <span className="grow">
        {hasSecret ? `DevGem does not keep secrets: write the value anew in the place of ${HIDDEN}.` : "What came after this message is set aside."}
      </span>
      <button type="button" className="link" onClick={onEditDone}>
        Do not edit
      </button>
    </p>
  );
}

function StopButton({ onStop }: { onStop: Props["onStop"] }) {
  const [asked, setAsked] = useState(false);
  const stop = () => {
    setAsked(true);
    onStop().catch(() => setAsked(false));
  };
  return (
    <button type="button" className="button button-tall" disabled={asked} onClick={stop}>
      {asked ? "Stopping" : "Stop"}
    </button>
  );
}
