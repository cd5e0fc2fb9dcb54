import type { Deployment, StepState, StepStatus } from "../../lib/fold";
import { type Step, STEPS } from "../../lib/fold";
import { seconds } from "../../lib/format";
import { visible } from "../../lib/visible";
import { doneShare, facets, LABEL, sinceMs } from "./progress";

const MARK: Record<StepStatus, { sign: string; says: string }> = {
  waiting: { sign: "◇", says: "waiting" },
  running: { sign: "◈", says: "running" },
  done: { sign: "◆", says: "done" },
  skipped: { sign: "◌", says: "not needed" },
  failed: { sign: "✕", says: "failed" },
};

interface Props {
  deployment: Deployment;
  now: number;
}

/** The whole, as a bar of facets, and each stage with what it took. */
export function Stages({ deployment, now }: Props) {
  const parts = facets(deployment, now);
  const percent = Math.round(doneShare(parts) * 100);
  return (
    <>
      <div className="facets" role="progressbar" aria-label="Progress" aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
        {parts.map(({ step, share, done }) => (
          <span key={step} className={`facet facet-${deployment.steps[step].status}`} style={{ flexGrow: share * 100 }}>
            <span className="facet-cut" style={{ transform: `scaleX(${done.toFixed(3)})` }} />
          </span>
        ))}
      </div>
      <ol className="stages">
        {STEPS.map((name) => (
          <Stage key={name} name={name} state={deployment.steps[name]} now={now} />
        ))}
      </ol>
    </>
  );
}

function Stage({ name, state, now }: { name: Step; state: StepState; now: number }) {
  const mark = MARK[state.status];
  const isRunning = state.status === "running";
  return (
    <li className={`stage stage-${state.status}`}>
      <span className="stage-mark" role="img" aria-label={mark.says}>
        {mark.sign}
      </span>
      <span>{LABEL[name]}</span>
      <span className="quiet numbers">{isRunning ? elapsed(state, now) : seconds(state.seconds)}</span>
      {isRunning && state.message && <span className="stage-message quiet">{visible(state.message)}</span>}
    </li>
  );
}

function elapsed(state: StepState, now: number): string {
  const so = state.started_at ? sinceMs(state.started_at, now) / 1000 : 0;
  const usual = state.usual_seconds ? `, usually ${seconds(state.usual_seconds)}` : "";
  return seconds(so) + usual;
}
