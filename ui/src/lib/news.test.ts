import { expect, it } from "vitest";
import type { App } from "./api";
import { moodOf, newsBetween, titleOf } from "./news";

const app = (name: string, status: string, deployment: string, outcome: string) =>
  ({ name, status, last_deployment: { id: deployment, status: outcome } }) as unknown as App;

it("tells once how what was going on has ended", () => {
  const before = [app("a", "deploying", "1", "running"), app("b", "live", "2", "live"), app("c", "deploying", "3", "waiting")];
  const after = [app("a", "live", "1", "live"), app("b", "live", "2", "live"), app("c", "failed", "3", "failed"), app("d", "live", "4", "live")];
  expect(newsBetween(before, after)).toEqual([
    { app: "a", deployment: "1", outcome: "live" },
    { app: "c", deployment: "3", outcome: "failed" },
  ]);
  expect(newsBetween(after, after)).toEqual([]);
});

it("says in the tab what goes on, and then what is broken", () => {
  const busy = app("a", "deploying", "1", "running");
  const broken = app("b", "crashed", "2", "live");
  expect([moodOf([busy, broken]), titleOf("Apps", [busy, broken])]).toEqual(["busy", "Deploying a · Apps · DevGem"]);
  expect([moodOf([broken]), titleOf("", [broken])]).toEqual(["failed", "(1) DevGem"]);
  expect([moodOf([]), titleOf("Quota", [])]).toEqual(["calm", "Quota · DevGem"]);
});
