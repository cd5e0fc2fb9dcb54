import { useEffect, useState } from "react";
import { Badge } from "../../components/Badge";
import { Link } from "../../components/Link";
import { api, type App } from "../../lib/api";
import { paths } from "../../lib/route";
import { useStream } from "../../lib/stream";
import "./apps.css";

const countEvents = (count: number) => count + 1;

/** The apps, read anew whenever something happens to one of them. */
export function AppList() {
  const changes = useStream("apps", countEvents, 0);
  const [apps, setApps] = useState<App[] | null>(null);
  useEffect(() => {
    let current = true;
    api.apps().then(
      (found) => current && setApps(found),
      () => current && setApps((known) => known ?? []),
    );
    return () => {
      current = false;
    };
  }, [changes]);
  return (
    <nav className="apps" aria-label="Apps">
      <h2>Apps</h2>
      {apps?.length === 0 && <p className="quiet">None yet. Say "deploy" and a repository.</p>}
      <ul>
        {apps?.map((app) => (
          <li key={app.name}>
            <Link className="app-name" href={paths.app(app.name)}>
              {app.name}
            </Link>
            <Badge status={app.status} />
            {app.url && (
              <a className="outside" href={app.url} target="_blank" rel="noopener noreferrer">
                {app.url.replace(/^https?:\/\//, "")}
              </a>
            )}
          </li>
        ))}
      </ul>
    </nav>
  );
}
