import { type ReactNode, useCallback } from "react";
import { Badge } from "../../components/Badge";
import { Link } from "../../components/Link";
import { Trouble } from "../../components/Trouble";
import { useApps } from "../../lib/apps";
import { useAsked } from "../../lib/asked";
import { paths, TABS, type Tab } from "../../lib/route";
import { calls } from "./calls";
import { ConfigVars } from "./ConfigVars";
import { Deployments } from "./Deployments";
import { Domains } from "./Domains";
import { MetricsTab } from "./MetricsTab";
import { Overview } from "./Overview";
import { Revisions } from "./Revisions";
import { Danger } from "./Danger";
import "./apps.css";

const LABEL: Record<Tab, string> = {
  overview: "Overview",
  deployments: "Deployments",
  revisions: "Revisions",
  logs: "Logs",
  metrics: "Metrics",
  config: "Config vars",
  domains: "Domains",
  settings: "Settings",
};

interface Props {
  name: string;
  tab: Tab;
  /** What the app writes, and how it is shown, which another feature knows. */
  logs: ReactNode;
  /** How the app is pushed to and previewed, which another feature knows. */
  settings: ReactNode;
}

/** One app, by its tabs. */
export function AppPage({ name, tab, logs, settings }: Props) {
  const { apps } = useApps();
  const listed = apps?.find((one) => one.name === name);
  const ask = useCallback(() => calls.app(name), [name]);
  const { value, problem } = useAsked(ask);
  const app = listed ?? value;
  return (
    <section className="page app-page" aria-label={`App ${name}`}>
      <div className="page-head">
        <h2>{name}</h2>
        {app && <Badge status={app.status} />}
        {app?.url && (
          <a className="app-url" href={app.url} target="_blank" rel="noopener noreferrer">
            {app.url.replace(/^https?:\/\//, "")}
          </a>
        )}
      </div>
      <nav className="tabs" aria-label={`Parts of ${name}`}>
        {TABS.map((one) => (
          <Link key={one} href={paths.app(name, one)} aria-current={one === tab ? "page" : undefined}>
            {LABEL[one]}
          </Link>
        ))}
      </nav>
      <Trouble problem={app ? null : problem} />
      {app && tab === "overview" && <Overview app={app} />}
      {app && tab === "deployments" && <Deployments app={name} />}
      {app && tab === "revisions" && <Revisions app={name} live={app.revision} />}
      {app && tab === "logs" && logs}
      {app && tab === "metrics" && <MetricsTab app={name} />}
      {app && tab === "config" && <ConfigVars app={name} />}
      {app && tab === "domains" && <Domains app={name} />}
      {app && tab === "settings" && (
        <>
          {settings}
          <Danger app={name} />
        </>
      )}
    </section>
  );
}
