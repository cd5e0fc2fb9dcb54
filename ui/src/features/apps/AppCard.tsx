import { useCallback } from "react";
import { Badge } from "../../components/Badge";
import { Chart } from "../../components/Chart";
import { Link } from "../../components/Link";
import type { App } from "../../lib/api";
import { ago } from "../../lib/format";
import { usePolled } from "../../lib/polled";
import { paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import { calls } from "./calls";
import { counts } from "./measures";

const EVERY_MS = 30_000;

/** One app among others: how it does, where it is, and what it was asked in the last hour. */
export function AppCard({ app }: { app: App }) {
  const last = app.last_deployment;
  return (
    <li className="card app-card">
      <div className="card-head">
        <h3>
          <Link href={paths.app(app.name)}>{app.name}</Link>
        </h3>
        <Badge status={app.status} />
      </div>
      {app.url ? (
        <a className="app-url" href={app.url} target="_blank" rel="noopener noreferrer">
          {app.url.replace(/^https?:\/\//, "")}
        </a>
      ) : (
        <span className="quiet">{app.status === "live" ? "A worker: it has no URL." : "No URL yet."}</span>
      )}
      <Hour app={app.name} />
      <p className="quiet app-facts">{[traffic(app), last && `deployed ${ago(last.requested_at)}`, visible(app.repository)].filter(Boolean).join(" · ")}</p>
    </li>
  );
}

/** The share of traffic by revision, such as "v3" or "v3 90 %, v2 10 %". */
export function traffic(app: App): string {
  const shares = Object.entries(app.traffic).filter(([, share]) => share > 0);
  if (shares.length === 1) return `v${shares[0]?.[0]}`;
  return shares
    .reverse()
    .map(([revision, share]) => `v${revision} ${share} %`)
    .join(", ");
}

function Hour({ app }: { app: string }) {
  const ask = useCallback(() => calls.metrics(app, "1h"), [app]);
  const { value } = usePolled(ask, EVERY_MS);
  if (!value) return <div className="app-hour" />;
  const { requests, errors, total, failed } = counts(value, 3600);
  const words = total === 0 ? "No requests in the last hour" : `${total.toLocaleString()} requests in the last hour, ${failed.toLocaleString()} errors`;
  return (
    <div className="app-hour">
      <Chart
        label={words}
        height={36}
        lines={[
          { values: requests, className: "chart-requests" },
          ...(failed > 0 ? [{ values: errors, className: "chart-errors" }] : []),
        ]}
      />
      <span className="quiet">{words}</span>
    </div>
  );
}
