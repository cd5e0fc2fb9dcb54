import { type ReactNode, useEffect, useState } from "react";
import { ConnectionState } from "../components/ConnectionState";
import { AppList } from "../features/apps/AppList";
import { Conversation } from "../features/conversation/Conversation";
import { ConversationList } from "../features/conversation/ConversationList";
import { DeploymentCard } from "../features/deployment/DeploymentCard";
import { QuotaBoard } from "../features/quota/QuotaBoard";
import { SessionList } from "../features/sessions/SessionList";
import { api, type Session } from "../lib/api";
import { useHash } from "../lib/hash";
import { Socket } from "../lib/socket";
import { SocketContext, useConnection } from "../lib/stream";

const MAIN = "main";

export function App() {
  const [session, setSession] = useState<Session | "unreachable" | null>(null);
  useEffect(() => {
    api.session().then(setSession, () => setSession("unreachable"));
  }, []);
  if (session === null) return null;
  if (session === "unreachable") {
    return (
      <Notice title="DevGem does not answer">
        Start it with <code>devgem up</code>, then reload this page.
      </Notice>
    );
  }
  if (!session.signed_in) {
    return <SignInNotice />;
  }
  return <Workbench session={session} />;
}

function SignInNotice() {
  return (
    <Notice title="Sign in">
      Open the link that <code>devgem up</code> printed, or run <code>devgem open</code> for a new one.
    </Notice>
  );
}

function Notice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="notice">
      <img src="/gem.svg" alt="" width="64" height="64" />
      <h1>{title}</h1>
      <p>{children}</p>
    </main>
  );
}

function Workbench({ session }: { session: Session }) {
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
      <Header session={session} />
      <Rooms />
    </SocketContext>
  );
}

/** What is shown is in the address, so that it survives a reload and can be sent to another device. */
function Rooms() {
  const connection = useConnection();
  const [, room, id] = useHash().split("/");
  const latest = useLatestConversation();
  const conversation = room === "conversations" && id ? id : latest;
  if (connection === "signed-out") return <SignInNotice />;
  return (
    <div className="workbench">
      <Aside key={`${room} ${id}`}>
        <AppList />
        <ConversationList current={room === "quota" || room === "sessions" ? null : conversation} />
      </Aside>
      <main id={MAIN} tabIndex={-1}>
        {room === "quota" && <QuotaBoard />}
        {room === "sessions" && <SessionList />}
        {room !== "quota" && room !== "sessions" && conversation && (
          <Conversation key={conversation} id={conversation} renderDeployment={renderDeployment} />
        )}
      </main>
    </div>
  );
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

function useLatestConversation(): string | null {
  const [conversation, setConversation] = useState<string | null>(null);
  useEffect(() => {
    latestConversation().then(setConversation, () => setConversation(null));
  }, []);
  return conversation;
}

function renderDeployment(id: string) {
  return <DeploymentCard id={id} />;
}

async function latestConversation(): Promise<string> {
  const [latest] = await api.conversations();
  return (latest ?? (await api.openConversation())).id;
}

const ROOMS = [
  ["#/quota", "Quota"],
  ["#/sessions", "Sessions"],
] as const;

function Header({ session }: { session: Session }) {
  const here = useHash();
  return (
    <header className="header">
      <img src="/gem.svg" alt="" width="24" height="24" />
      <h1>
        <a href="#/">DevGem</a>
      </h1>
      <nav className="header-links grow" aria-label="DevGem">
        {ROOMS.map(([hash, label]) => (
          <a key={hash} href={hash} aria-current={`#${here}` === hash ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <span className="quiet isolation" title={session.isolation?.detail ?? ""}>
        Isolation {session.isolation?.level}
      </span>
      <ConnectionState />
    </header>
  );
}
