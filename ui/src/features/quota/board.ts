/** What is read out of the quota board. */
import type { Quota } from "../../lib/api";
import type { components } from "../../lib/api.d";

export type Minute = components["schemas"]["QuotaMinuteView"];
type Endpoint = Quota["endpoints"][number];
type Usage = Endpoint["rpm"];

const TAKES_CALLS = new Set(["closed", "ramping", "probing"]);
const hasRoom = ({ used, limit }: Usage) => limit === null || used < limit;

/** The endpoint that the next call goes to as the board stands: they are asked in its order. */
export function usedNow(endpoints: readonly Endpoint[]): Endpoint | null {
  const can = (one: Endpoint) => TAKES_CALLS.has(one.circuit) && [one.rpm, one.tpm, one.rph, one.tph].every(hasRoom);
  return endpoints.find(can) ?? null;
}

export function inTime(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
