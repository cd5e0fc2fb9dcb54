/** Where the page is: real paths, the history API, and nothing that needs a library. */
import { useSyncExternalStore } from "react";

export const TABS = ["overview", "deployments", "revisions", "logs", "metrics", "config", "domains", "settings"] as const;
export type Tab = (typeof TABS)[number];

const PLAIN = { "": "home", "new-app": "new-app", apps: "apps", quota: "quota", settings: "settings", button: "button", new: "consent", signin: "signin" } as const;
type Plain = (typeof PLAIN)[keyof typeof PLAIN];

export type Route =
  | { page: Plain | "unknown" }
  | { page: "conversation"; id: string }
  | { page: "deployment"; id: string }
  | { page: "app"; name: string; tab: Tab };

/** What a path shows. */
export function parse(pathname: string): Route {
  const [first = "", id = "", rest, ...more] = pathname.replace(/^\/|\/$/g, "").split("/").map(decoded);
  if (more.length > 0) return { page: "unknown" };
  if (id === "" && Object.hasOwn(PLAIN, first)) return { page: PLAIN[first as keyof typeof PLAIN] };
  if (id !== "" && first === "apps") {
    const tab = TABS.find((one) => one === (rest ?? "overview"));
    return tab ? { page: "app", name: id, tab } : { page: "unknown" };
  }
  if (id !== "" && rest === undefined && first === "conversations") return { page: "conversation", id };
  if (id !== "" && rest === undefined && first === "deployments") return { page: "deployment", id };
  return { page: "unknown" };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The paths of what has a name of its own. */
export const paths = {
  conversation: (id: string) => `/conversations/${encodeURIComponent(id)}`,
  deployment: (id: string) => `/deployments/${encodeURIComponent(id)}`,
  app: (name: string, tab: Tab = "overview") => `/apps/${encodeURIComponent(name)}${tab === "overview" ? "" : `/${tab}`}`,
  newApp: (repository?: string) => (repository ? `/new-app?repo=${encodeURIComponent(repository)}` : "/new-app"),
  signIn: (next: string) => (next === "/" ? "/signin" : `/signin?next=${encodeURIComponent(next)}`),
};

/** The path for an address of before there were paths, such as `#/conversations/cnv_1`; null for any other hash. */
export function modern(hash: string): string | null {
  if (!hash.startsWith("#/")) return null;
  const path = hash.slice(1);
  return path === "/sessions" ? "/settings" : path;
}

/** A path of this site, and of no other, to go to after signing in. */
export function safeNext(next: string | null): string {
  if (!next || !/^\/(?![/\\])/.test(next)) return "/";
  const url = new URL(next, location.origin);
  return url.origin === location.origin && parse(url.pathname).page !== "signin" ? url.pathname + url.search + url.hash : "/";
}

/** Goes to an address of this site; `replace` leaves no way back to the present one. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", to);
  else if (to !== location.pathname + location.search + location.hash) history.pushState(null, "", to);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** The address within this site, as it changes. */
export function useAddress(): URL {
  const href = useSyncExternalStore(listen, () => location.href);
  return new URL(href);
}

/** What the address shows, as it changes. */
export function useRoute(): Route {
  return parse(useSyncExternalStore(listen, () => location.pathname));
}

function listen(onChange: () => void): () => void {
  const changed = () => {
    const path = modern(location.hash);
    if (path !== null) history.replaceState(null, "", path);
    onChange();
  };
  if (modern(location.hash) !== null) changed();
  addEventListener("popstate", changed);
  return () => removeEventListener("popstate", changed);
}
