import { expect, it } from "vitest";
import { type Deployment, fold } from "../../lib/fold";
import type { StreamEvent } from "../../lib/events";
import { badgeOf } from "./badge";
import { commandsIn } from "./commands";
import { doneShare, facets, median, stepNow } from "./progress";
import { addFact, isGone, NONE } from "./standing";

const AT = "2026-01-01T00:00:00Z";
const NOW = Date.parse(AT);
const event = (type: string, data: object = {}): StreamEvent => ({ seq: 1, type, at: AT, data: { ...data } });
const after = (...events: StreamEvent[]) => events.reduce(fold, null as Deployment | null) as Deployment;
const REQUESTED = event("deployment.requested", { deployment: "d", app: "shop", repository: "o/r", ref: "v1", dir: "web" });

it("a deployment is as far as its steps are, by what they usually take", () => {
  const running = after(
    REQUESTED, event("deployment.started"), event("step.started", { step: "fetch", usual_seconds: 2 }),
    event("step.finished", { step: "fetch", seconds: 2 }), event("step.started", { step: "build", usual_seconds: 10 }),
  ); // prettier-ignore
  const [fetch, , build] = facets(running, NOW + 5000);
  expect([fetch?.done, build?.done]).toEqual([1, 0.5]);
  expect(facets(running, NOW + 60_000)[2]?.done).toBe(0.95);
  expect(facets(running, NOW).reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  expect(doneShare(facets(running, NOW + 9000))).toBeGreaterThan(doneShare(facets(running, NOW + 5000)));
  expect([stepNow(after(REQUESTED)), stepNow(running)]).toEqual(["Queued", "Build"]);
});

it("what is usual is the middle one", () => expect([median([9, 1, 5]), median([])]).toEqual([5, null]));

it("a removed app's address leads nowhere, until it is deployed again", () => {
  const live = [event("deployment.live", { app: "shop--preview", deployment: "d1" })].reduce(addFact, NONE);
  const removed = addFact(live, event("app.removed", { app: "shop--preview" }));
  const again = addFact(removed, event("deployment.live", { app: "shop--preview", deployment: "d2" }));
  expect([NONE, live, removed, again].map((standing) => isGone(standing, "shop--preview"))).toEqual([false, false, true, false]);
});

it("the commands of a fix can be copied", () => {
  expect(commandsIn("devgem env set shop STRIPE_KEY=..., then deploy again.")).toEqual(["devgem env set shop STRIPE_KEY="]);
  expect(commandsIn("Run `npm ci`, or set `STRIPE_KEY`.")).toEqual(["npm ci"]);
});

it("a badge deploys a repository that others can reach", () => {
  expect(badgeOf(after(REQUESTED), "https://d.example")).toBe(
    "[![Deploy to DevGem](https://d.example/button.svg)](https://d.example/new?repo=https%3A%2F%2Fgithub.com%2Fo%2Fr&ref=v1&dir=web)",
  );
  expect(badgeOf({ ...after(REQUESTED), repository: "/tmp/x" }, "https://d.example")).toBeNull();
});
