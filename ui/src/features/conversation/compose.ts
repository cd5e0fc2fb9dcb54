/** A message as it is written: its text, what is pasted beside it, and the draft of both that survives a reload. */
import { useState } from "react";
import { asProblem, type Problem } from "../../lib/api";
import type { Message } from "./entries";
import { withPasted } from "./paste";

/** What DevGem puts in the place of a secret that a message held. */
export const HIDDEN = "[hidden]";

interface Options {
  conversation: string;
  editing: Message | null;
  onSend: (text: string, clientId: string, replaces: string | null) => Promise<unknown>;
  onEditDone: () => void;
}

export function useComposing({ conversation, editing, onSend, onEditDone }: Options) {
  const draft = `devgem.draft.${conversation}`;
  const [text, setText] = useState(() => editing?.text ?? localStorage.getItem(draft) ?? "");
  const [pasted, setPasted] = useState<string[]>(() => (editing ? [] : keptIn(`${draft}.pasted`)));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isSaving, setSaving] = useState(false);
  const write = (value: string) => {
    setText(value);
    if (!editing) localStorage.setItem(draft, value);
  };
  const paste = (blocks: string[]) => {
    setPasted(blocks);
    if (editing) return;
    if (blocks.length > 0) localStorage.setItem(`${draft}.pasted`, JSON.stringify(blocks));
    else localStorage.removeItem(`${draft}.pasted`);
  };
  const whole = withPasted(text, pasted);
  const hasSecret = editing !== null && text.includes(HIDDEN);
  const canSend = whole.trim() !== "" && !hasSecret && !isSaving;
  const send = () => {
    if (!canSend) return;
    setProblem(null);
    if (!editing) {
      // It is in the outbox from now on; what is written next is the next message.
      void onSend(whole, crypto.randomUUID(), null);
      write("");
      paste([]);
      return;
    }
    setSaving(true);
    onSend(whole, crypto.randomUUID(), editing.id).then(onEditDone, (error: unknown) => {
      setSaving(false);
      setProblem(asProblem(error));
    });
  };
  return { text, write, pasted, paste, problem, canSend, hasSecret, send };
}

function keptIn(key: string): string[] {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]") as unknown;
    return Array.isArray(found) ? found.filter((block) => typeof block === "string") : [];
  } catch {
    return [];
  }
}
