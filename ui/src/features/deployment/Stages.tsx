import { useEffect, useState } from "react";
import type { Step, StepState, StepStatus } from "../../lib/fold";
import { STEPS } from "../../lib/fold";
import { seconds } from "../../lib/format";
import { visible } from "../../lib/visible";

const LABEL: Record<Step, string> = {
  fetch: "Fetch",
  plan: "Plan",
  build: "Build",
  release: "Start",
  verify: "Check",
  shift: "Route",
};
const MARK: Record<StepStatus, { sign: string; says: string }> = {
  waiting: { sign: "○", says: "waiting" },
  running: { sign: "◐", says: "running" },
  done: { sign: "●", says: "done" },
  skipped: { sign: "◌", says: "not needed" },
  failed: { sign: "✕", says: "failed" },
};

export function Stages({ steps }: { steps: Record<Step, StepState> }) {
  return (
    <ol className="stages">
      {STEPS.map((name) => (
        <Stage key={name} name={name} state={steps[name]} />
      ))}
    </ol>
  );
}

function Stage({ name, state }: { name: Step; state: StepState }) {
  const mark = MARK[state.status];
  return (
    <li className={`stage stage-${state.status}`}>
      <span className="stage-mark" role="img" aria-label={mark.says}>
        {mark.sign}
      </span>
      <span>{LABEL[name]}</span>
      <span className="quiet numbers">
        {state.status === "running" ? <Elapsed state={state} /> : seconds(state.seconds)}
      </span>
      {state.status === "running" && state.message && <span className="stage-message quiet">{visible(state.message)}</span>}
    </li>
  );
}

function Elapsed({ state }: { state: StepState }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const elapsed = state.started_at ? Math.max(0, (now - Date.parse(state.started_at)) / 1000) : 0;
  const usual = state.usual_seconds ? `, usually ${seconds(state.usual_seconds)}` : "";
  return <>{seconds(elapsed) + usual}</>;
}
