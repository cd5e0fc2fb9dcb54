import { type FormEvent, type KeyboardEvent, useState } from "react";
import { api, Problem } from "../../lib/api";

const DRAFT = "devgem.draft";

/** Enter sends, Shift+Enter breaks the line; what is not sent yet survives a reload. */
export function Composer({ conversation }: { conversation: string }) {
  const [text, setText] = useState(() => localStorage.getItem(DRAFT) ?? "");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [sending, setSending] = useState(false);
  const write = (value: string) => {
    setText(value);
    localStorage.setItem(DRAFT, value);
  };
  const send = async () => {
    if (!text.trim() || sending) return;
    setSending(true);
    setProblem(null);
    try {
      await api.say(conversation, text, crypto.randomUUID());
      write("");
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem("DevGem does not answer.", 0, "It is tried again when you send."));
    } finally {
      setSending(false);
    }
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void send();
    }
  };
  return (
    <form className="composer" onSubmit={onSubmit}>
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      <textarea
        aria-label="Message"
        placeholder="deploy owner/repo"
        rows={1}
        value={text}
        onChange={(event) => write(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="button button-primary" disabled={!text.trim() || sending}>
        Send
      </button>
    </form>
  );
}
