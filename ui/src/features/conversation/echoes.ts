/** What the user has said is shown at once; the event that it becomes takes the echo's place. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, asProblem } from "../../lib/api";
import type { Message, Thread } from "./entries";

export interface Echo {
  clientId: string;
  text: string;
  /** Why it has not gone; null while it is on its way. */
  problem: string | null;
}

/** The thread with what was sent and is not in it yet, at its end. */
export function withEchoes(thread: Thread, echoes: Echo[]): Thread {
  const open = unknown(thread, echoes);
  if (open.length === 0) return thread;
  return {
    ...thread,
    entries: [...thread.entries, ...open.map(messageOf)],
    unbegun: [...thread.unbegun, ...open.flatMap(({ clientId, problem }) => (problem === null ? clientId : []))],
  };
}

function unknown(thread: Thread, echoes: Echo[]): Echo[] {
  if (echoes.length === 0) return echoes;
  const known = new Set(thread.entries.map((entry) => (entry.kind === "message" ? entry.clientId : null)));
  return echoes.filter(({ clientId }) => !known.has(clientId));
}

function messageOf({ clientId, text, problem }: Echo): Message {
  return {
    kind: "message",
    id: clientId,
    clientId,
    cut: false,
    role: "user",
    text,
    streaming: false,
    sending: problem === null,
    unsent: problem,
    deployment: null,
    turn: null,
    stopped: null,
    actions: [],
  };
}

const LEFT = "The page was closed before this was sent.";

/** What was not sent when the page was closed is still there, to be sent again under the same name. */
function kept(key: string): Echo[] {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]") as Echo[];
    return found.map(({ clientId, text, problem }) => ({ clientId: String(clientId), text: String(text), problem: problem ?? LEFT }));
  } catch {
    return [];
  }
}

/** Sends messages one after the other; `shown` is the thread with those that are on their way or could not go. */
export function useSending(id: string, thread: Thread, onSend: () => void) {
  const key = `devgem.outbox.${id}`;
  const [echoes, setEchoes] = useState<Echo[]>(() => kept(key));
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const open = useMemo(() => unknown(thread, echoes), [thread, echoes]);
  useEffect(() => {
    if (open.length > 0) localStorage.setItem(key, JSON.stringify(open));
    else localStorage.removeItem(key);
  }, [key, open]);
  const mark = useCallback((clientId: string, problem: string | null, text: string) => {
    setEchoes((sent) =>
      sent.some((echo) => echo.clientId === clientId)
        ? sent.map((echo) => (echo.clientId === clientId ? { ...echo, problem } : echo))
        : [...sent, { clientId, text, problem }],
    );
  }, []);
  /** An edited message has no echo: what goes wrong with it is told to who sent it. */
  const send = useCallback(
    async (text: string, clientId: string, replaces: string | null) => {
      const post = () => api.say(id, { text, replaces, client_id: clientId });
      onSend();
      if (replaces !== null) return post();
      mark(clientId, null, text);
      const sent = last.current.then(post);
      last.current = sent.catch((error: unknown) => {
        const { message, fix } = asProblem(error);
        mark(clientId, `${message} ${fix}`.trim(), text);
      });
      return last.current;
    },
    [id, mark, onSend],
  );
  const drop = useCallback((clientId: string) => setEchoes((sent) => sent.filter((echo) => echo.clientId !== clientId)), []);
  const shown = useMemo(() => withEchoes(thread, echoes), [thread, echoes]);
  return { shown, send, drop };
}
