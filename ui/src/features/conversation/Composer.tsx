import { type ClipboardEvent, type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { HIDDEN, useComposing } from "./compose";
import type { Message } from "./entries";
import { Pasted } from "./Pasted";
import { isLong } from "./paste";
import { optionId, Suggestions } from "./Suggestions";
import { useSuggestions } from "./suggesting";

interface Props {
  conversation: string;
  /** The message that is edited; null for a new one. */
  editing: Message | null;
  isWorking: boolean;
  /** A new message is shown at once and kept until it has gone; one that is edited may fail here. */
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
  const composing = useComposing(props);
  const { text, write, pasted, paste } = composing;
  const suggestions = useSuggestions(text, write);
  const area = useRef<HTMLTextAreaElement>(null);
  const list = useId();
  useEffect(() => {
    if (editing) area.current?.focus();
  }, [editing]);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    composing.send();
  };
  const onPaste = (event: ClipboardEvent) => {
    const long = event.clipboardData.getData("text/plain");
    if (editing || !isLong(long)) return;
    event.preventDefault();
    paste([...pasted, long]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || suggestions.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      composing.send();
    } else if (event.key === "Escape" && editing) {
      props.onEditDone();
    } else if (event.key === "ArrowUp" && text === "" && !editing) {
      event.preventDefault();
      props.onEditLast();
    }
  };
  const isSuggesting = suggestions.options.length > 0;
  return (
    <form className="composer" onSubmit={onSubmit}>
      {composing.problem && (
        <p className="problem" role="alert">
          {composing.problem.message} {composing.problem.fix}
        </p>
      )}
      {editing && <Editing hasSecret={composing.hasSecret} onEditDone={props.onEditDone} />}
      <Suggestions id={list} options={suggestions.options} current={suggestions.current} onTake={suggestions.take} />
      <Pasted blocks={pasted} onChange={paste} />
      <textarea
        ref={area}
        aria-label="Message"
        aria-autocomplete="list"
        aria-controls={isSuggesting ? list : undefined}
        aria-activedescendant={isSuggesting ? optionId(list, suggestions.current) : undefined}
        placeholder="deploy owner/repo"
        rows={1}
        value={text}
        onChange={(event) => {
          write(event.target.value);
          suggestions.onCaret(event.target.selectionStart);
        }}
        onPaste={onPaste}
        onKeyDown={onKeyDown}
      />
      {isWorking && <StopButton onStop={props.onStop} />}
      <button type="submit" className="button button-primary" disabled={!composing.canSend}>
        Send
      </button>
    </form>
  );
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
