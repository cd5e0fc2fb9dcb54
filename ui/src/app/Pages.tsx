import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { DeploymentCard } from "../features/deployment/DeploymentCard";
import { api, asProblem, type Problem, request, type Session } from "../lib/api";
import type { Route } from "../lib/route";
import { useAddress } from "../lib/route";
import { githubAccess } from "../lib/session";
import { FirstRun } from "./FirstRun";

// One chunk a page: signing in loads none of them.
const Conversation = lazy(() => import("../features/conversation/Conversation").then((m) => ({ default: m.Conversation })));
const Apps = lazy(() => import("../features/apps/Apps").then((m) => ({ default: m.Apps })));
const AppPage = lazy(() => import("../features/apps/AppPage").then((m) => ({ default: m.AppPage })));
const AppLogs = lazy(() => import("./AppLogs").then((m) => ({ default: m.AppLogs })));
const QuotaBoard = lazy(() => import("../features/quota/QuotaBoard").then((m) => ({ default: m.QuotaBoard })));
const SettingsPage = lazy(() => import("../features/settings/SettingsPage").then((m) => ({ default: m.SettingsPage })));
const NewApp = lazy(() => import("../features/repositories/NewApp").then((m) => ({ default: m.NewApp })));
const ConsentPage = lazy(() => import("../features/button/ConsentPage").then((m) => ({ default: m.ConsentPage })));
const AppPush = lazy(() => import("../features/push/AppPush").then((m) => ({ default: m.AppPush })));
const ButtonPage = lazy(() => import("../features/button/ButtonPage").then((m) => ({ default: m.ButtonPage })));

interface Props {
  route: Route;
  session: Session;
  /** Tells which conversation is shown where the address names none. */
  onConversation: (id: string | null) => void;
}

/** The page that a route names. */
export function Pages(props: Props) {
  return (
    <Suspense fallback={<div className="page" aria-busy="true" />}>
      <Page {...props} />
    </Suspense>
  );
}

function Page({ route, session, onConversation }: Props) {
  const { searchParams } = useAddress();
  switch (route.page) {
    case "home":
      return <Home onConversation={onConversation} />;
    case "conversation":
      return (
        <Existing key={route.id} path={`/api/v1/conversations/${encodeURIComponent(route.id)}`}>
          <Conversation id={route.id} renderDeployment={renderDeployment} />
        </Existing>
      );
    case "apps":
      return <Apps />;
    case "app":
      return <AppPage key={route.name} name={route.name} tab={route.tab} logs={<AppLogs app={route.name} />} settings={<AppPush app={route.name} />} />;
    case "deployment":
      return (
        <Existing key={route.id} path={`/api/v1/deployments/${encodeURIComponent(route.id)}`}>
          <DeploymentPage id={route.id} />
        </Existing>
      );
    case "quota":
      return <QuotaBoard />;
    case "settings":
      return <SettingsPage session={session} />;
    case "new-app":
      return <NewApp asked={searchParams.get("repo") ?? ""} seesPublicOnly={githubAccess(session)?.can_read_private === false} />;
    case "consent":
      return <ConsentPage search={searchParams} />;
    case "button":
      return <ButtonPage />;
    default:
      return <NotFound />;
  }
}

/** What it holds is shown at once, until the server says that there is nothing at `path` for this user. */
function Existing({ path, children }: { path: string; children: ReactNode }) {
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    request("GET", path).catch((error: unknown) => setMissing(asProblem(error).status === 404));
  }, [path]);
  return isMissing ? <NotFound /> : children;
}

function renderDeployment(id: string, say: (text: string) => void) {
  return <DeploymentCard id={id} onSay={say} />;
}

function DeploymentPage({ id }: { id: string }) {
  return (
    <section className="page" aria-label="Deployment">
      <h2>Deployment</h2>
      <DeploymentCard id={id} isPage />
    </section>
  );
}

/** The newest conversation, or a new one. */
function Home({ onConversation }: Pick<Props, "onConversation">) {
  const [id, setId] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    latest().then(setId, (error: unknown) => setProblem(asProblem(error)));
  }, []);
  useEffect(() => onConversation(id), [id, onConversation]);
  if (problem) {
    return (
      <p className="page problem" role="alert">
        {problem.message} {problem.fix}
      </p>
    );
  }
  if (!id) return null;
  return (
    <div className="home">
      <FirstRun conversation={id} />
      <Conversation key={id} id={id} renderDeployment={renderDeployment} />
    </div>
  );
}

async function latest(): Promise<string> {
  const [found] = await api.conversations();
  return (found ?? (await api.openConversation())).id;
}

function NotFound() {
  return (
    <section className="page" aria-label="Not found">
      <h2>There is nothing at this address</h2>
      <p>
        It may have been removed. <a href="/">Go to the newest conversation</a>, or <a href="/apps">to your apps</a>.
      </p>
    </section>
  );
}
