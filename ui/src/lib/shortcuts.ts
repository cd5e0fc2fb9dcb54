/** Keyboard shortcuts: one table, single keys and `g` followed by one; never while one writes, and not when switched off. */
import { useEffect } from "react";
import { readSettings } from "./settings";

export const SHORTCUTS = {
  "g h": "Go to the newest conversation",
  "g a": "Go to the apps",
  "g q": "Go to the quota",
  "g s": "Go to the settings",
  "g n": "Deploy a repository",
  c: "Begin a conversation",
  m: "Write a message",
  "?": "Show the shortcuts",
} as const;
export type Shortcut = keyof typeof SHORTCUTS;

/** What comes of a key after what was typed before: the shortcut that is complete, or what is typed so far. */
export function typed(before: string, key: string): { shortcut: Shortcut | null; pending: string } {
  const now = before === "" ? key : `${before} ${key}`;
  if (Object.hasOwn(SHORTCUTS, now)) return { shortcut: now as Shortcut, pending: "" };
  const isBegun = (text: string) => Object.keys(SHORTCUTS).some((name) => name.startsWith(`${text} `));
  if (isBegun(now)) return { shortcut: null, pending: now };
  if (before !== "") return typed("", key);
  return { shortcut: null, pending: "" };
}

/** Whether a key is meant for what has the focus: text, a choice, or a dialog. */
export function isForElement(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable=true], dialog, .log") !== null;
}

/** Calls `on`, which must be stable, for each shortcut. */
export function useShortcuts(on: (shortcut: Shortcut) => void): void {
  useEffect(() => {
    let pending = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.key.length !== 1) return;
      if (isForElement(event.target) || !readSettings().shortcuts) return;
      const found = typed(pending, event.key);
      pending = found.pending;
      clearTimeout(timer);
      timer = setTimeout(() => (pending = ""), 1500);
      if (found.shortcut === null) return;
      event.preventDefault();
      on(found.shortcut);
    };
    addEventListener("keydown", onKey);
    return () => {
      clearTimeout(timer);
      removeEventListener("keydown", onKey);
    };
  }, [on]);
}
