/**
 * What anyone sees of a deployment: a fold over the events of its stream.
 * The server folds the same way (src/devgem/domain/deployment.py); tests/golden holds logs on which both must agree.
 */
import type { StreamEvent } from "./events";

export const STEPS = ["fetch", "plan", "build", "release", "verify", "shift"] as const;
export type Step = (typeof STEPS)[number];
export type Status = "waiting" | "running" | "live" | "failed" | "cancelled" | "superseded";
export type StepStatus = "waiting" | "running" | "done" | "skipped" | "failed";

export interface StepState {
  status: StepStatus;
  seconds: number | null;
  usual_seconds: number | null;
  message: string;
  fraction: number | null;
  started_at: string | null;
}

export interface Failure {
  code: string;
  cause: string;
  fix: string;
  evidence: string;
  retryable: boolean;
}

export interface Deployment {
  id: string;
  app: string;
  status: Status;
  requested_at: string;
  repository: string;
  ref: string | null;
  dir: string;
  commit: string | null;
  steps: Record<Step, StepState>;
  url: string | null;
  revision: number | null;
  seconds: number | null;
  http_status: number | null;
  first_byte_seconds: number | null;
  notes: string[];
  failure: Failure | null;
  failed_step: Step | null;
  superseded_by: string | null;
  log_lines: number;
  seq: number;
}

const TRANSITIONS: Record<string, Status> = {
  "new deployment.requested": "waiting",
  "waiting deployment.started": "running",
  "waiting deployment.superseded": "superseded",
  "waiting deployment.cancelled": "cancelled",
  "waiting deployment.failed": "failed",
  "running deployment.live": "live",
  "running deployment.failed": "failed",
  "running deployment.cancelled": "cancelled",
};
const MOVES = new Set(Object.keys(TRANSITIONS).map((key) => key.split(" ")[1]));

const WAITING: StepState = {
  status: "waiting",
  seconds: null,
  usual_seconds: null,
  message: "",
  fraction: null,
  started_at: null,
};

export function isTerminal(status: Status): boolean {
  return status !== "waiting" && status !== "running";
}

/** The state after one more event. An unknown type, or a move the table does not have, changes `seq` alone. */
export function fold(deployment: Deployment | null, event: StreamEvent): Deployment | null {
  const state = MOVES.has(event.type) ? move(deployment, event) : deployment;
  if (state === null) return null;
  const next = { ...state, seq: event.seq };
  if (event.type === "log") return { ...next, log_lines: next.log_lines + 1 };
  return event.type.startsWith("step.") ? step(next, event) : next;
}

function move(deployment: Deployment | null, event: StreamEvent): Deployment | null {
  const status = TRANSITIONS[`${deployment?.status ?? "new"} ${event.type}`];
  if (status === undefined) return deployment;
  const data = event.data as Omit<Partial<Deployment>, "status"> & {
    deployment?: string;
    step?: Step;
    by?: string;
    status?: number;
  };
  if (deployment === null) {
    return {
      id: data.deployment ?? "",
      app: data.app ?? "",
      status,
      requested_at: event.at,
      repository: data.repository ?? "",
      ref: data.ref ?? null,
      dir: data.dir ?? ".",
      commit: null,
      steps: Object.fromEntries(STEPS.map((name) => [name, WAITING])) as Record<Step, StepState>,
      url: null,
      revision: null,
      seconds: null,
      http_status: null,
      first_byte_seconds: null,
      notes: [],
      failure: null,
      failed_step: null,
      superseded_by: null,
      log_lines: 0,
      seq: event.seq,
    };
  }
  return {
    ...deployment,
    status,
    url: given(data.url, deployment.url),
    revision: given(data.revision, deployment.revision),
    seconds: given(data.seconds, deployment.seconds),
    http_status: given(data.status, deployment.http_status),
    first_byte_seconds: given(data.first_byte_seconds, deployment.first_byte_seconds),
    notes: given(data.notes, deployment.notes),
    failure: given(data.failure, deployment.failure),
    failed_step: given(data.step, deployment.failed_step),
    superseded_by: given(data.by, deployment.superseded_by),
  };
}

function step(deployment: Deployment, event: StreamEvent): Deployment {
  const data = event.data as Partial<StepState> & { step?: Step; skipped?: boolean; commit?: string };
  const name = data.step;
  const old = name && deployment.steps[name];
  if (!name || !old) return deployment;
  const next = stepAfter(old, event.type, event.at, data);
  if (next === null) return deployment;
  return { ...deployment, steps: { ...deployment.steps, [name]: next }, commit: given(data.commit, deployment.commit) };
}

function stepAfter(
  old: StepState,
  type: string,
  at: string,
  data: Partial<StepState> & { skipped?: boolean },
): StepState | null {
  switch (type) {
    case "step.started":
      return { ...WAITING, status: "running", usual_seconds: data.usual_seconds ?? null, started_at: at };
    case "step.progressed":
      return { ...old, message: data.message ?? "", fraction: data.fraction ?? null };
    case "step.finished":
      return { ...old, status: data.skipped ? "skipped" : "done", seconds: data.seconds ?? null };
    case "step.failed":
      return { ...old, status: "failed", seconds: data.seconds ?? null };
    default:
      return null;
  }
}

function given<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value;
}
