import type { Session } from "../../lib/api";
import { Appearance } from "./Appearance";
import { SessionList } from "./SessionList";
import "./settings.css";

/** What one may set for oneself. */
export function SettingsPage({ session }: { session: Session }) {
  return (
    <section className="page" aria-label="Settings">
      <h2>Settings</h2>
      <Appearance />
      <SessionList />
      <p className="quiet">DevGem {session.version}</p>
    </section>
  );
}
