/** Who is signed in, and which ways in there are. */
import type { Session } from "./api";

export type User = NonNullable<Session["user"]>;
export type WaysIn = Session["sign_in"];

const NONE: WaysIn = { github: false, token: false, app_url: null };

export function waysIn(session: Session | null): WaysIn {
  return session?.sign_in ?? NONE;
}

export function userOf({ user }: Session): User | null {
  return user && { ...user, login: user.login || user.id, name: user.name || user.login || user.id };
}

/** What GitHub lets DevGem read for the user; null where nobody signed in with GitHub. */
export function githubAccess(session: Session) {
  return session.github ?? null;
}
