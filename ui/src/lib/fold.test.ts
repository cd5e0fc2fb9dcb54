import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StreamEvent } from "./events";
import { type Deployment, fold } from "./fold";

const GOLDEN = join(import.meta.dirname, "../../../tests/golden");

describe("the fold agrees with the server's on every golden log", () => {
  const files = readdirSync(GOLDEN).filter((name) => name.endsWith(".json"));
  it("there are golden logs", () => expect(files.length).toBeGreaterThanOrEqual(8));
  it.each(files)("%s", (name) => {
    const { events, state } = JSON.parse(readFileSync(join(GOLDEN, name), "utf8")) as {
      events: StreamEvent[];
      state: Deployment;
    };
    expect(events.reduce<Deployment | null>(fold, null)).toEqual(state);
  });
});
