import { useCallback, useEffect, useState } from "react";
import { asProblem, type Problem } from "./api";

export interface Polled<T> {
  value: T | null;
  problem: Problem | null;
  /** Asks again at once. */
  again: () => void;
}

/** What `ask` answers, asked anew every so often while the page is looked at; the last answer stays when one fails. */
export function usePolled<T>(ask: () => Promise<T>, everyMs: number): Polled<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      if (!document.hidden) {
        try {
          const answer = await ask();
          if (!isCurrent) return;
          setValue(answer);
          setProblem(null);
        } catch (error) {
          if (isCurrent) setProblem(asProblem(error));
        }
      }
      if (isCurrent) timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [ask, everyMs, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return { value, problem, again };
}
