import { useCallback, useEffect, useState } from "react";
import { asProblem, type Problem } from "./api";

export interface Asked<T> {
  value: T | null;
  problem: Problem | null;
  again: () => void;
}

/** What `ask`, which must be stable, answers; asked once, and again when told to. */
export function useAsked<T>(ask: () => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ of: () => Promise<T>; value: T | null; problem: Problem | null }>({ of: ask, value: null, problem: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    ask().then(
      (value) => isCurrent && setState({ of: ask, value, problem: null }),
      (error: unknown) => isCurrent && setState((known) => ({ of: ask, value: known.of === ask ? known.value : null, problem: asProblem(error) })),
    );
    return () => {
      isCurrent = false;
    };
  }, [ask, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return state.of === ask ? { value: state.value, problem: state.problem, again } : { value: null, problem: null, again };
}

/** Something that can be attempted: whether it is being sent, and what it failed with. */
export function useAttempt() {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** Whether it went well. */
  const attempt = useCallback(async (act: () => Promise<unknown>): Promise<boolean> => {
    setSending(true);
    setProblem(null);
    try {
      await act();
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setSending(false);
    }
  }, []);
  return { sending, problem, attempt };
}
