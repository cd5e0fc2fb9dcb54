/** What the user has said is shown at once; the event that it becomes takes the echo's place. */
import { useCallback, useMemo, useState } from "react";
import { api } from "../../lib/api";
import type { Message, Thread } from "./entries";

export interface Echo {
  clientId: string;
  text: string;
}

/** The thread with what was sent and is not in it yet, at its end. */
export function withEchoes(thread: Thread, echoes: Echo[]): Thread {
  const known = new Set(thread.entries.map((entry) => (entry.kind === "message" ? entry.clientId : null)));
  const open = echoes.filter(({ clientId }) => !known.has(clientId));
  if (open.length === 0) return thread;
  return {
    ...thread,
    entries: [...thread.entries, ...open.map(messageOf)],
    unbegun: [...thread.unbegun, ...open.map(({ clientId }) => clientId)],
  };
}

function messageOf({ clientId, text }: Echo): Message {
  return {
    kind: "message",
    id: clientId,
    clientId,
    cut: false,
    role: "user",
    text,
    streaming: false,
    sending: true,
    deployment: null,
    turn: null,
    stopped: null,
    actions: [],
  };
}

/** Sends messages; `shown` is the thread with those that are on their way. An edited message has no echo. */
export function useSending(id: string, thread: Thread, onSend: () => void) {
  const [echoes, setEchoes] = useState<Echo[]>([]);
  const send = useCallback(
    async (text: string, clientId: string, replaces: string | null) => {
      const others = (sent: Echo[]) => sent.filter((echo) => echo.clientId !== clientId);
      if (replaces === null) setEchoes((sent) => [...others(sent), { clientId, text }]);
      onSend();
      try {
        await api.say(id, { text, replaces, client_id: clientId });
      } catch (error) {
        setEchoes(others);
        throw error;
      }
    },
    [id, onSend],
  );
  const shown = useMemo(() => withEchoes(thread, echoes), [thread, echoes]);
  return { shown, send };
}
