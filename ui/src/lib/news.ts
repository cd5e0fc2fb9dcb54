/** What a change of the apps has to tell to who looks elsewhere, and what the tab says of all of them. */
import type { App } from "./api";

export interface AppNews {
  app: string;
  deployment: string;
  outcome: "live" | "failed";
}

const GOING = new Set(["waiting", "running"]);

/** The deployments that were going on before and have ended since. */
export function newsBetween(before: readonly App[], after: readonly App[]): AppNews[] {
  const going = new Set(before.flatMap(({ last_deployment: last }) => (last && GOING.has(last.status) ? [last.id] : [])));
  return after.flatMap(({ name, last_deployment: last }): AppNews[] => {
    if (!last || !going.has(last.id) || (last.status !== "live" && last.status !== "failed")) return [];
    return [{ app: name, deployment: last.id, outcome: last.status }];
  });
}

export type Mood = "calm" | "busy" | "failed";

/** What the tab's sign shows: work that goes on, or else an app that does not answer. */
export function moodOf(apps: readonly App[]): Mood {
  if (apps.some(({ status }) => status === "deploying")) return "busy";
  return apps.some(({ status }) => status === "failed" || status === "crashed") ? "failed" : "calm";
}

/** The tab's title: what goes on first, then the page. */
export function titleOf(page: string, apps: readonly App[]): string {
  const busy = apps.filter(({ status }) => status === "deploying").map(({ name }) => name);
  const broken = apps.filter(({ status }) => status === "failed" || status === "crashed");
  const said = busy.length > 0 ? `Deploying ${busy.length === 1 ? busy[0] : `${busy.length} apps`} · ` : broken.length > 0 ? `(${broken.length}) ` : "";
  return `${said}${page === "" ? "" : `${page} · `}DevGem`;
}
