import { ConnectionState } from "../components/ConnectionState";
import { Link } from "../components/Link";
import type { Session } from "../lib/api";
import { useRoute } from "../lib/route";
import { Commands } from "./Commands";

const ROOMS = [
  ["/apps", "Apps", ["apps", "app", "deployment", "new-app"]],
  ["/quota", "Quota", ["quota"]],
  ["/settings", "Settings", ["settings"]],
] as const;

export function Header({ session }: { session: Session }) {
  const { page } = useRoute();
  return (
    <header className="header">
      <h1>
        <Link href="/">
          <img src="/gem.svg" alt="" width="24" height="24" />
          DevGem
        </Link>
      </h1>
      <nav className="header-links grow" aria-label="DevGem">
        {ROOMS.map(([path, label, pages]) => (
          <Link key={path} href={path} aria-current={pages.some((one) => one === page) ? "page" : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      <Commands />
      <span className="quiet isolation" title={session.isolation?.detail ?? ""}>
        Isolation {session.isolation?.level}
      </span>
      <ConnectionState />
    </header>
  );
}
