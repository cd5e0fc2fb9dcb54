import type { StreamEvent } from "../../lib/events";
import { type Deployment, fold } from "../../lib/fold";
import { addLine, type Log, NO_LOG } from "../../lib/log";

export interface DeploymentState extends Log {
  deployment: Deployment | null;
}

export const NOTHING: DeploymentState = { deployment: null, ...NO_LOG };

export function addEvent(state: DeploymentState, event: StreamEvent): DeploymentState {
  const { log, lines } = addLine(state, event);
  return { deployment: fold(state.deployment, event), log, lines };
}
