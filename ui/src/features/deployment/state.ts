import type { StreamEvent } from "../../lib/events";
import { type Deployment, fold } from "../../lib/fold";

export interface LogLine {
  seq: number;
  text: string;
  stream: string;
}

/** The log is one growing array, shared by all states, since a build may write 100,000 lines: `lines` counts. */
export interface DeploymentState {
  deployment: Deployment | null;
  log: LogLine[];
  lines: number;
}

export const NOTHING: DeploymentState = { deployment: null, log: [], lines: 0 };

export function addEvent(state: DeploymentState, event: StreamEvent): DeploymentState {
  const deployment = fold(state.deployment, event);
  if (event.type === "log") {
    const { text, stream } = event.data as { text: string; stream: string };
    // A reducer may run twice on the same state: what lies beyond `lines` is then written anew, the same.
    const log = state.lines === 0 ? [] : state.log;
    log[state.lines] = { seq: event.seq, text, stream };
    return { ...state, deployment, log, lines: state.lines + 1 };
  }
  return { ...state, deployment };
}
