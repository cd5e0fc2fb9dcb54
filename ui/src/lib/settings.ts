/** What a reader has chosen for this browser. public/theme.js applies the same before the first paint. */
import { useSyncExternalStore } from "react";

export interface Settings {
  theme: "system" | "light" | "dark";
  motion: "system" | "still";
  shortcuts: boolean;
}

const KEY = "devgem.settings";
const CHANGED = "devgem:settings";
const DEFAULT: Settings = { theme: "system", motion: "system", shortcuts: true };

/** The settings as text, which can be compared. */
const kept = () => {
  try {
    return localStorage.getItem(KEY) ?? "{}";
  } catch {
    return "{}";
  }
};

export function readSettings(text = kept()): Settings {
  try {
    const found = JSON.parse(text) as Partial<Settings>;
    return {
      theme: found.theme === "light" || found.theme === "dark" ? found.theme : "system",
      motion: found.motion === "still" ? "still" : "system",
      shortcuts: found.shortcuts !== false,
    };
  } catch {
    return DEFAULT;
  }
}

/** Changes some settings, here and in other tabs. */
export function choose(some: Partial<Settings>): void {
  const next = { ...readSettings(), ...some };
  localStorage.setItem(KEY, JSON.stringify(next));
  apply(next);
  dispatchEvent(new Event(CHANGED));
}

function apply({ theme, motion }: Settings): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
  if (motion === "system") delete dataset.motion;
  else dataset.motion = motion;
}

export function useSettings(): Settings {
  return readSettings(useSyncExternalStore(listen, kept));
}

function listen(onChange: () => void): () => void {
  const elsewhere = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    apply(readSettings());
    onChange();
  };
  addEventListener(CHANGED, onChange);
  addEventListener("storage", elsewhere);
  return () => {
    removeEventListener(CHANGED, onChange);
    removeEventListener("storage", elsewhere);
  };
}

/** Whether nothing may move: chosen here, or asked of the system. */
export function isStill(): boolean {
  return readSettings().motion === "still" || matchMedia("(prefers-reduced-motion: reduce)").matches;
}
