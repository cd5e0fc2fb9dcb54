import { useEffect, useState } from "react";
import { AppList } from "../features/apps/AppList";
import { Conversation } from "../features/conversation/Conversation";
import { DeploymentCard } from "../features/deployment/DeploymentCard";
import { api, type Session } from "../lib/api";
import type { Connection } from "../lib/socket";
import { SocketContext, useConnection } from "../lib/stream";
import { Socket } from "../lib/socket";

const CONNECTION: Record<Connection, string> = {
  connecting: "Connecting",
  open: "Connected",
  lost: "Connection lost, coming back",
  "signed-out": "Signed out",
};

export function App() {
  const [session, setSession] = useState<Session | "unreachable" | null>(null);
  useEffect(() => {
    api.session().then(setSession, () => setSession("unreachable"));
  }, []);
  if (session === null) return null;
  if (session === "unreachable") return <Notice title="DevGem does not answer" text="Start it with `devgem up`, then reload this page." />;
  if (!session.signed_in) {
    return <Notice title="Sign in" text="Open the link that `devgem up` printed, or run `devgem open` for a new one." />;
  }
  return <Workbench session={session} />;
}

function Notice({ title, text }: { title: string; text: string }) {
  return (
    <main className="notice">
      <img src="/gem.svg" alt="" width="64" height="64" />
      <h1>{title}</h1>
      <p>{text}</p>
    </main>
  );
}

function Workbench({ session }: { session: Session }) {
  const [socket] = useState(() => new Socket(`${location.origin.replace(/^http/, "ws")}/ws`));
  const [conversation, setConversation] = useState<string | null>(null);
  useEffect(() => {
    socket.open();
    return () => socket.close();
  }, [socket]);
  useEffect(() => {
    latestConversation().then(setConversation, () => setConversation(null));
  }, []);
  return (
    <SocketContext value={socket}>
      <Header session={session} />
      <div className="workbench">
        <AppList />
        <main>
          {conversation && (
            <Conversation id={conversation} renderDeployment={renderDeployment} />
          )}
        </main>
      </div>
    </SocketContext>
  );
}

function renderDeployment(id: string) {
  return <DeploymentCard id={id} />;
}

async function latestConversation(): Promise<string> {
  const [latest] = await api.conversations();
  return (latest ?? (await api.openConversation())).id;
}

function Header({ session }: { session: Session }) {
  const connection = useConnection();
  return (
    <header className="header">
      <img src="/gem.svg" alt="" width="24" height="24" />
      <h1>DevGem</h1>
      <span className="grow" />
      <span className="quiet" title={session.isolation?.detail ?? ""}>
        Isolation {session.isolation?.level}
      </span>
      <span className={`connection connection-${connection}`} role="status">
        {CONNECTION[connection]}
      </span>
    </header>
  );
}
