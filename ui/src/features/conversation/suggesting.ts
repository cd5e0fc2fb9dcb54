import { type KeyboardEvent, useEffect, useState } from "react";
import { api } from "../../lib/api";
import { navigate } from "../../lib/route";
import { completed, completionOf, mentions, type Option } from "./completion";

/** What is suggested for a message as it is written, and the keys that choose among it. */
export function useSuggestions(text: string, write: (text: string) => void) {
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(0);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const apps = useApps(mentions(text));
  const completion = dismissed === text ? null : completionOf(text, Math.min(caret, text.length), apps);
  const options = completion?.options ?? [];
  const current = Math.min(at, options.length - 1);
  const take = (option: Option) => {
    if (!completion) return;
    const next = completed(text, completion, option);
    write(next);
    setDismissed(next);
    setAt(0);
    if (option.to) navigate(option.to);
  };
  /** True when the key was for the suggestions. */
  const onKey = (event: KeyboardEvent): boolean => {
    const option = options[current];
    if (!option) return false;
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move !== 0) setAt((current + move + options.length) % options.length);
    else if (event.key === "Escape") setDismissed(text);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") take(option);
    else return false;
    event.preventDefault();
    return true;
  };
  const onCaret = (position: number) => {
    setCaret(position);
    setAt(0);
  };
  return { options, current, take, onKey, onCaret };
}

/** The names of the user's apps, looked up when they are first wanted. */
function useApps(areWanted: boolean): string[] {
  const [apps, setApps] = useState<string[]>([]);
  useEffect(() => {
    if (!areWanted) return;
    let isCurrent = true;
    api.apps().then(
      (found) => isCurrent && setApps(found.map(({ name }) => name)),
      // Nothing is suggested then; the name can be typed.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [areWanted]);
  return apps;
}
