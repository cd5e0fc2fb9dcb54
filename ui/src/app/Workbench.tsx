import { type ReactNode, useEffect, useRef, useState } from "react";
import { Toasts } from "../components/Toasts";
import { AppList } from "../features/apps/AppList";
import { ConversationList } from "../features/conversation/ConversationList";
import type { Session } from "../lib/api";
import { AppsContext, useAppsFromServer } from "../lib/apps";
import { paths, useRoute } from "../lib/route";
import { Socket } from "../lib/socket";
import { SocketContext, useConnection } from "../lib/stream";
import { Header } from "./Header";
import { Pages } from "./Pages";
import { useTab, useToasts } from "./useNews";
import "./shell.css";

const MAIN = "main";

/** The frame of every signed-in page, over one socket. */
export function Workbench({ session }: { session: Session }) {
  const [socket] = useState(() => new Socket(`${location.origin.replace(/^http/, "ws")}/ws`));
  useEffect(() => {
    socket.open();
    return () => socket.close();
  }, [socket]);
  return (
    <SocketContext value={socket}>
      <button type="button" className="button skip" onClick={() => document.getElementById(MAIN)?.focus()}>
        Skip to the content
      </button>
      <Signed session={session} />
    </SocketContext>
  );
}

function Signed({ session }: { session: Session }) {
  const found = useAppsFromServer();
  const { toasts, dismiss } = useToasts(found.apps);
  useTab(useRoute(), found.apps);
  return (
    <AppsContext value={found}>
      <Header session={session} />
      <Rooms session={session} />
      <Toasts toasts={toasts} onDismiss={dismiss} />
    </AppsContext>
  );
}

/** What is shown is in the address, so that it survives a reload and can be sent to another device. */
function Rooms({ session }: { session: Session }) {
  const route = useRoute();
  const connection = useConnection();
  const [shown, setShown] = useState<string | null>(null);
  const current = route.page === "conversation" ? route.id : route.page === "home" ? shown : null;
  useFocusOnArrival();
  useEffect(() => {
    if (connection === "signed-out") location.assign(paths.signIn(location.pathname + location.search));
  }, [connection]);
  return (
    <div className="workbench">
      <Aside key={location.pathname}>
        <AppList />
        <ConversationList current={current} />
      </Aside>
      <main id={MAIN} tabIndex={-1}>
        <Pages route={route} session={session} onConversation={setShown} />
      </main>
    </div>
  );
}

/** Who goes somewhere by keyboard or screen reader is there: the content has the focus, unless it took it itself. */
function useFocusOnArrival() {
  const { pathname } = location;
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    const main = document.getElementById(MAIN);
    if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [pathname]);
}

/** Beside the rest where there is room for it; on a phone, behind a button, and closed again by going somewhere. */
function Aside({ children }: { children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className={isOpen ? "aside" : "aside aside-closed"}>
      <button type="button" className="link aside-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Apps and conversations
      </button>
      {children}
    </div>
  );
}
