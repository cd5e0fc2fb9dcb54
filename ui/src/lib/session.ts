/** Who is signed in, and which ways in there are: what an older DevGem does not say is not offered. */
import type { Session } from "./api";

export interface User {
  id: string;
  login: string;
  name: string;
}

export interface WaysIn {
  github: boolean;
  token: boolean;
  app_url: string | null;
}

const NONE: WaysIn = { github: false, token: false, app_url: null };

export function waysIn(session: Session | null): WaysIn {
  const { sign_in } = (session ?? {}) as { sign_in?: Partial<WaysIn> | null };
  return { ...NONE, ...sign_in };
}

export function userOf(session: Session): User | null {
  const user = session.user as Partial<User> | string | null;
  if (user === null) return null;
  if (typeof user === "string") return { id: user, login: user, name: user };
  const login = user.login || user.id || "";
  return { id: user.id ?? login, login, name: user.name || login };
}

/** What GitHub lets DevGem read for the user; null where nobody signed in with GitHub. */
export function githubAccess(session: Session): { scopes: string[]; can_read_private: boolean } | null {
  const { github } = session as { github?: { scopes: string[]; can_read_private: boolean } | null };
  return github ?? null;
}

/** The clouds that apps can be deployed to. */
export function clouds(session: Session): string[] {
  const { clouds: offered } = session as { clouds?: string[] };
  return offered ?? [];
}
