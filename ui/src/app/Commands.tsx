import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import type { PaletteItem } from "../features/palette/matching";
import { api, type Conversation } from "../lib/api";
import { useApps } from "../lib/apps";
import { navigate, paths } from "../lib/route";
import { choose } from "../lib/settings";
import { type Shortcut, SHORTCUTS, useShortcuts } from "../lib/shortcuts";
import { visible } from "../lib/visible";

const Palette = lazy(() => import("../features/palette/Palette").then((m) => ({ default: m.Palette })));
const CheatSheet = lazy(() => import("../features/palette/CheatSheet").then((m) => ({ default: m.CheatSheet })));

const ACTS: Record<Exclude<Shortcut, "?">, () => void> = {
  "g h": () => navigate("/"),
  "g a": () => navigate("/apps"),
  "g q": () => navigate("/quota"),
  "g s": () => navigate("/settings"),
  "g n": () => navigate(paths.newApp()),
  c: beginConversation,
  m: () => document.querySelector<HTMLElement>(".composer textarea")?.focus(),
};

function beginConversation() {
  api.openConversation().then(
    ({ id }) => navigate(paths.conversation(id)),
    // The page of the newest one says what is wrong.
    () => navigate("/"),
  );
}

/** The palette and the shortcuts, and the button that opens the palette. */
export function Commands() {
  const [shown, setShown] = useState<"palette" | "cheats" | null>(null);
  const close = useCallback(() => setShown(null), []);
  const onShortcut = useCallback((shortcut: Shortcut) => (shortcut === "?" ? setShown("cheats") : ACTS[shortcut]()), []);
  useShortcuts(onShortcut);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      setShown((now) => (now === "palette" ? null : "palette"));
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button type="button" className="button palette-button" aria-haspopup="dialog" onClick={() => setShown("palette")}>
        Find <kbd>Ctrl K</kbd>
      </button>
      <Suspense fallback={null}>
        {shown === "palette" && <Found onClose={close} onCheats={() => setShown("cheats")} />}
        {shown === "cheats" && <CheatSheet onClose={close} />}
      </Suspense>
    </>
  );
}

function Found({ onClose, onCheats }: { onClose: () => void; onCheats: () => void }) {
  const { apps } = useApps();
  const [conversations, setConversations] = useState<Conversation[]>([]);
  useEffect(() => {
    let isCurrent = true;
    api.conversations().then(
      (found) => isCurrent && setConversations(found),
      // What cannot be listed cannot be found; the rest can.
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  const items = useMemo((): PaletteItem[] => {
    const of = (name: string) => [
      { id: `app ${name}`, label: name, hint: "app", run: () => navigate(paths.app(name)) },
      { id: `logs ${name}`, label: `Logs of ${name}`, hint: "app", run: () => navigate(paths.app(name, "logs")) },
      { id: `revisions ${name}`, label: `Roll back ${name}`, hint: "app", run: () => navigate(paths.app(name, "revisions")) },
      { id: `config ${name}`, label: `Config vars of ${name}`, hint: "app", run: () => navigate(paths.app(name, "config")) },
    ];
    const theme = (theme: "system" | "light" | "dark") => ({ id: `theme ${theme}`, label: `Theme: ${theme}`, hint: "setting", run: () => choose({ theme }) });
    return [
      ...Object.entries(ACTS).map(([keys, run]) => ({ id: keys, label: SHORTCUTS[keys as Shortcut], hint: keys, run })),
      { id: "?", label: SHORTCUTS["?"], hint: "?", run: () => setTimeout(onCheats) },
      ...(apps ?? []).flatMap(({ name }) => of(name)),
      ...conversations.map(({ id, title }) => ({ id, label: visible(title), hint: "conversation", run: () => navigate(paths.conversation(id)) })),
      theme("system"),
      theme("light"),
      theme("dark"),
    ];
  }, [apps, conversations, onCheats]);
  return <Palette items={items} onClose={onClose} />;
}
