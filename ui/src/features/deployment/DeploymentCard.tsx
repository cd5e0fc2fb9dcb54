import { useRef, useState } from "react";
import { Badge } from "../../components/Badge";
import { Link } from "../../components/Link";
import { api, asProblem } from "../../lib/api";
import { type Deployment, isTerminal } from "../../lib/fold";
import { seconds } from "../../lib/format";
import { paths } from "../../lib/route";
import { useStream } from "../../lib/stream";
import { visible } from "../../lib/visible";
import { LogViewer } from "../logs/LogViewer";
import { lineWith } from "../logs/search";
import { useNow } from "./clock";
import { Ending } from "./Ending";
import { Mini, useOutOfSight } from "./Mini";
import { sinceMs } from "./progress";
import { Stages } from "./Stages";
import { addEvent, NOTHING } from "./state";
import { useUsual } from "./usual";
import "./deployment.css";

interface Props {
  id: string;
  /** Says something in the conversation that the card is in; without one, there are no buttons that would. */
  onSay?: ((text: string) => void) | null;
  /** It is all of a page: lines have addresses. */
  isPage?: boolean;
}

/** A deployment as it happens: its stages, its log, and how it ended. */
export function DeploymentCard({ id, onSay = null, isPage = false }: Props) {
  const { deployment, log, lines } = useStream(`deployment:${id}`, addEvent, NOTHING);
  const [showLog, setShowLog] = useState<boolean | null>(null);
  const [target, setTarget] = useState<{ line: number } | null>(null);
  const card = useRef<HTMLElement>(null);
  const isGoing = deployment !== null && !isTerminal(deployment.status);
  const now = useNow(isGoing);
  const usual = useUsual(isGoing ? deployment.app : null);
  const isOut = useOutOfSight(card, isGoing);
  if (!deployment) return <div className="card card-waiting" aria-busy="true" />;
  const logIsShown = showLog ?? (isPage || deployment.status === "failed" || isGoing);
  const evidence = deployment.failure?.evidence ?? "";
  const toLine = (line: number | null) => {
    setShowLog(true);
    if (line !== null) setTarget({ line });
  };
  return (
    <section className={`card deployment status-${deployment.status}`} aria-label={`Deployment of ${deployment.app}`} ref={card} tabIndex={-1}>
      <Head deployment={deployment} now={now} usual={usual} isPage={isPage} />
      <Stages deployment={deployment} now={now} />
      {lines > 0 && (
        <button type="button" className="link" aria-expanded={logIsShown} onClick={() => setShowLog(!logIsShown)}>
          {logIsShown ? "Hide" : "Show"} log, {lines.toLocaleString("en")} {lines === 1 ? "line" : "lines"}
        </button>
      )}
      {logIsShown && lines > 0 && (
        <LogViewer log={log} lines={lines} name={`${deployment.app}-build`} href={paths.deployment(id)} isPage={isPage} isRunning={isGoing} target={target} />
      )}
      <Ending deployment={deployment} onSay={onSay} onEvidence={() => toLine(lineWith(log, lines, evidence))} onLog={() => toLine(null)} />
      {isGoing && isOut && <Mini deployment={deployment} now={now} onBack={() => card.current?.scrollIntoView({ block: "nearest" })} />}
    </section>
  );
}

function Head({ deployment, now, usual, isPage }: { deployment: Deployment; now: number; usual: number | null; isPage: boolean }) {
  const isGoing = !isTerminal(deployment.status);
  return (
    <header className="card-head">
      <h3>{deployment.app}</h3>
      <Badge status={deployment.status} />
      <span className="quiet grow">{deployment.commit?.slice(0, 7) ?? visible(deployment.repository)}</span>
      {isGoing && (
        <span className="quiet numbers" title={usual === null ? "" : "The middle of the latest five that went live"}>
          {seconds(sinceMs(deployment.requested_at, now) / 1000)}
          {usual !== null && `, usually ${seconds(usual)}`}
        </span>
      )}
      {!isGoing && !isPage && (
        <Link className="quiet-link" href={paths.deployment(deployment.id)} aria-label={`Details of ${deployment.app}`}>
          Details
        </Link>
      )}
      {isGoing && <CancelButton deployment={deployment.id} />}
    </header>
  );
}

function CancelButton({ deployment }: { deployment: string }) {
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState("");
  const cancel = () => {
    setAsked(true);
    setProblem("");
    api.cancel(deployment).catch((error: unknown) => {
      setAsked(false);
      setProblem(asProblem(error).message);
    });
  };
  return (
    <>
      <button type="button" className="button" disabled={asked} onClick={cancel}>
        {asked ? "Cancelling" : "Cancel"}
      </button>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
