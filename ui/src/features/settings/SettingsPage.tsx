import { Link } from "../../components/Link";
import type { Session } from "../../lib/api";
import { Account } from "./Account";
import { Appearance } from "./Appearance";
import { SessionList } from "./SessionList";
import "./settings.css";

/** What one may set for oneself. */
export function SettingsPage({ session }: { session: Session }) {
  return (
    <section className="page" aria-label="Settings">
      <h2>Settings</h2>
      <Account session={session} />
      <Appearance />
      <SessionList />
      <p>
        Your own Gemini key is set beside the <Link href="/quota">quota</Link> that it adds to. A button for your README is made <Link href="/button">here</Link>.
      </p>
      <p className="quiet">DevGem {session.version}</p>
    </section>
  );
}
