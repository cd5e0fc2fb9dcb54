import { useState } from "react";
import { Badge } from "../../components/Badge";
import { api } from "../../lib/api";
import { isTerminal } from "../../lib/fold";
import { visible } from "../../lib/visible";
import { useStream } from "../../lib/stream";
import { Ending } from "./Ending";
import { LogViewer } from "../logs/LogViewer";
import { Stages } from "./Stages";
import { addEvent, NOTHING } from "./state";

/** A deployment as it happens: its stages, its log, and how it ended. */
export function DeploymentCard({ id }: { id: string }) {
  const { deployment, log, lines } = useStream(`deployment:${id}`, addEvent, NOTHING);
  const [showLog, setShowLog] = useState<boolean | null>(null);
  if (!deployment) return <div className="card card-waiting" aria-busy="true" />;
  const ended = isTerminal(deployment.status);
  const logIsShown = showLog ?? (deployment.status === "failed" || !ended);
  return (
    <section className={`card status-${deployment.status}`} aria-label={`Deployment of ${deployment.app}`}>
      <header className="card-head">
        <h3>{deployment.app}</h3>
        <Badge status={deployment.status} />
        <span className="quiet grow">{deployment.commit?.slice(0, 7) ?? visible(deployment.repository)}</span>
        {!ended && <CancelButton deployment={id} />}
      </header>
      <Stages steps={deployment.steps} />
      {lines > 0 && (
        <button type="button" className="link" aria-expanded={logIsShown} onClick={() => setShowLog(!logIsShown)}>
          {logIsShown ? "Hide" : "Show"} log, {lines.toLocaleString()} {lines === 1 ? "line" : "lines"}
        </button>
      )}
      {logIsShown && lines > 0 && <LogViewer log={log} lines={lines} isRunning={!ended} />}
      <Ending deployment={deployment} />
    </section>
  );
}

function CancelButton({ deployment }: { deployment: string }) {
  const [asked, setAsked] = useState(false);
  const cancel = () => {
    setAsked(true);
    api.cancel(deployment).catch(() => setAsked(false));
  };
  return (
    <button type="button" className="button" disabled={asked} onClick={cancel}>
      {asked ? "Cancelling" : "Cancel"}
    </button>
  );
}
