import { Link } from "../../components/Link";
import { Trouble } from "../../components/Trouble";
import type { App } from "../../lib/api";
import { useAttempt } from "../../lib/asked";
import { ago, moment } from "../../lib/format";
import { navigate, paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import { traffic } from "./AppCard";
import { calls } from "./calls";

/** What an app is, where it runs, and what can be done to it at once. */
export function Overview({ app }: { app: App }) {
  const last = app.last_deployment;
  const facts: [string, string][] = [
    ["Repository", visible(app.repository) + (app.dir === "." ? "" : `, folder ${visible(app.dir)}`)],
    ["Runs on", app.cloud],
    ["Traffic", traffic(app) || "none yet"],
    ["Made", moment(app.created_at)],
    ["Push-to-deploy", app.push_paused ? "paused since a rollback, until the next deployment by hand" : "not paused"],
  ];
  return (
    <>
      <dl className="facts card">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {last && (
          <div>
            <dt>Last deployment</dt>
            <dd>
              <Link href={paths.deployment(last.id)}>{last.status}</Link>, {ago(last.requested_at)}
              {last.failure && <p className="problem">{visible(String(last.failure.cause))}</p>}
            </dd>
          </div>
        )}
      </dl>
      <Actions app={app} />
      <Instances app={app} />
    </>
  );
}

function Actions({ app }: { app: App }) {
  const { sending, problem, attempt } = useAttempt();
  const redeploy = () =>
    attempt(async () => {
      const { id } = await calls.deploy({ source: app.repository, name: app.name, dir: app.dir, cloud: app.cloud });
      navigate(paths.deployment(id));
    });
  return (
    <>
      <div className="buttons">
        <button type="button" className="button button-primary" disabled={sending} onClick={() => void redeploy()}>
          Deploy again
        </button>
        {app.status === "live" && (
          <button type="button" className="button button-tall" disabled={sending} onClick={() => void attempt(() => calls.restart(app.name))}>
            Restart
          </button>
        )}
        {app.status === "deploying" && (
          <button type="button" className="button button-tall" disabled={sending} onClick={() => void attempt(() => calls.cancel(app.name))}>
            Cancel the deployment
          </button>
        )}
      </div>
      <Trouble problem={problem} />
    </>
  );
}

function Instances({ app }: { app: App }) {
  if (app.instances.length === 0) return null;
  return (
    <section aria-label="Instances">
      <h3>Instances</h3>
      <ul className="rows">
        {app.instances.map((one) => (
          <li key={`${one.revision} ${one.started_at}`}>
            <span>v{one.revision}</span>
            <span className="grow">{one.state}</span>
            <span className="quiet">
              since {ago(one.started_at)}
              {one.restarts > 0 && `, ${one.restarts} restarts`}
              {one.exit_code !== null && `, exit code ${one.exit_code}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
