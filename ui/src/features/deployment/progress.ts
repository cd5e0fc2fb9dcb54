/** How far a deployment is, as far as that can be told: by the usual time of its steps. */
import { type Deployment, isTerminal, type Step, type StepState, STEPS } from "../../lib/fold";

export const LABEL: Record<Step, string> = {
  fetch: "Fetch",
  plan: "Plan",
  build: "Build",
  release: "Start",
  verify: "Check",
  shift: "Route",
};

/** What a step takes where nobody knows better, in seconds; only their proportions matter. */
const GUESSED: Record<Step, number> = { fetch: 3, plan: 1, build: 24, release: 3, verify: 3, shift: 1 };
/** A step that runs is not done, however long it has taken. */
const MOST = 0.95;

export interface Facet {
  step: Step;
  /** Its share of the whole, and how much of it is cut. */
  share: number;
  done: number;
}

/** Each step as a part of the whole. */
export function facets(deployment: Deployment, nowMs: number): Facet[] {
  const steps = STEPS.map((step) => ({ step, state: deployment.steps[step], takes: takes(step, deployment.steps[step]) }));
  const all = steps.reduce((sum, { takes }) => sum + takes, 0);
  return steps.map(({ step, state, takes }) => ({ step, share: takes / all, done: doneOf(state, takes, nowMs) }));
}

function takes(step: Step, { usual_seconds, seconds, status }: StepState): number {
  if (status === "skipped") return 0.5;
  return Math.max(0.5, Math.min(600, usual_seconds ?? seconds ?? GUESSED[step]));
}

function doneOf(state: StepState, takes: number, nowMs: number): number {
  if (state.status === "done" || state.status === "skipped") return 1;
  if (state.status === "waiting" || !state.started_at) return 0;
  if (state.status === "failed") return MOST;
  const told = state.fraction ?? 0;
  return Math.min(MOST, Math.max(told, sinceMs(state.started_at, nowMs) / 1000 / takes));
}

/** All of it, from 0 to 1. */
export function doneShare(parts: Facet[]): number {
  return parts.reduce((sum, { share, done }) => sum + share * done, 0);
}

export function sinceMs(at: string, nowMs: number): number {
  return Math.max(0, nowMs - Date.parse(at));
}

/** The step that runs, or the last one that did. */
export function stepNow({ steps, status }: Deployment): string {
  if (status === "waiting") return "Queued";
  const running = STEPS.findLast((step) => steps[step].status === "running");
  return running ? LABEL[running] : isTerminal(status) ? "" : "Going on";
}

export function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
