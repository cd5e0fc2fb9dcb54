import { Badge } from "../../components/Badge";
import { Link } from "../../components/Link";
import { useApps } from "../../lib/apps";
import { paths } from "../../lib/route";

/** The apps beside everything else, each with how it does now. */
export function AppList() {
  const { apps } = useApps();
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
