/** What became of the deployments since: a fold over the facts of all apps. */
import type { StreamEvent } from "../../lib/events";

/** By app: the deployment that is live, or null when the app was removed. */
export type Standing = ReadonlyMap<string, string | null>;

export const NONE: Standing = new Map();

export function addFact(standing: Standing, { type, data }: StreamEvent): Standing {
  const { app, deployment } = data;
  if (typeof app !== "string") return standing;
  if (type === "app.removed") return new Map([...standing, [app, null]]);
  if (type === "deployment.live" && typeof deployment === "string") return new Map([...standing, [app, deployment]]);
  return standing;
}

/** A link that leads nowhere is no link. */
export function isGone(standing: Standing, app: string): boolean {
  return standing.get(app) === null;
}
