import { Empty } from "../../components/Empty";
import { Link } from "../../components/Link";
import { Trouble } from "../../components/Trouble";
import { useApps } from "../../lib/apps";
import { paths } from "../../lib/route";
import { AppCard } from "./AppCard";
import "./apps.css";

/** All apps and how they do. */
export function Apps() {
  const { apps, problem } = useApps();
  return (
    <section className="page" aria-label="All apps">
      <div className="page-head">
        <h2 className="grow">Apps</h2>
        <Link className="button button-primary" href={paths.newApp()}>
          New app
        </Link>
      </div>
      <Trouble problem={problem} />
      {apps === null && !problem && <div className="card card-waiting" aria-busy="true" />}
      {apps?.length === 0 && (
        <Empty title="Nothing is deployed yet.">
          <p>Pick a repository, or say in a conversation: deploy sample.</p>
          <Link className="button" href={paths.newApp()}>
            Pick a repository
          </Link>
        </Empty>
      )}
      <ul className="app-cards">
        {apps?.map((app) => (
          <AppCard key={app.name} app={app} />
        ))}
      </ul>
    </section>
  );
}
