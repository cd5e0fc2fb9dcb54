import { useCallback, useEffect, useRef, useState } from "react";
import type { Toast } from "../components/Toasts";
import type { App } from "../lib/api";
import { type AppNews, moodOf, newsBetween, titleOf } from "../lib/news";
import { parse, paths, type Route } from "../lib/route";

const ICON = { calm: "/gem.svg", busy: "/gem-busy.svg", failed: "/gem-failed.svg" };
const NAME: Partial<Record<Route["page"], string>> = { apps: "Apps", quota: "Quota", settings: "Settings", "new-app": "New app", deployment: "Deployment", button: "Button", consent: "Deploy" };

/** The tab's title and sign, which tell of what goes on. */
export function useTab(route: Route, apps: readonly App[] | null): void {
  const page = route.page === "app" ? route.name : (NAME[route.page] ?? "");
  const title = titleOf(page, apps ?? []);
  const icon = ICON[moodOf(apps ?? [])];
  useEffect(() => {
    document.title = title;
    document.querySelector("link[rel=icon]")?.setAttribute("href", icon);
  }, [title, icon]);
}

/** Toasts for deployments that end where one does not look. */
export function useToasts(apps: readonly App[] | null) {
  const before = useRef(apps);
  const [toasts, setToasts] = useState<Toast[]>([]);
  useEffect(() => {
    const fresh = before.current && apps ? newsBetween(before.current, apps).filter(isElsewhere) : [];
    before.current = apps;
    if (fresh.length > 0) setToasts((known) => [...known, ...fresh.map(toast)]);
  }, [apps]);
  const dismiss = useCallback((id: string) => setToasts((known) => known.filter((one) => one.id !== id)), []);
  return { toasts, dismiss };
}

/** In a conversation the card tells it; so does the deployment's own page. */
function isElsewhere({ app, deployment }: AppNews): boolean {
  const here = parse(location.pathname);
  if (document.hidden) return true;
  if (here.page === "deployment") return here.id !== deployment;
  if (here.page === "app") return here.name !== app;
  return here.page !== "conversation" && here.page !== "home";
}

function toast({ app, deployment, outcome }: AppNews): Toast {
  const text = outcome === "live" ? `${app} is live` : `The deployment of ${app} has failed`;
  return { id: deployment, text, href: paths.deployment(deployment), stays: outcome === "failed" };
}
