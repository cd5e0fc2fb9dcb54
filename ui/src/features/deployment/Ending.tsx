import { CopyButton } from "../../components/CopyButton";
import type { Deployment } from "../../lib/fold";
import { milliseconds, seconds } from "../../lib/format";
import type { DeploymentState } from "./state";

/** How a deployment ended: the link with its evidence, or the cause with its fix. Nothing while it goes on. */
export function Ending({ deployment, evidence }: { deployment: Deployment; evidence: DeploymentState["evidence"] }) {
  if (deployment.status === "live") return <Live deployment={deployment} evidence={evidence} />;
  if (deployment.status === "failed") return <Failed deployment={deployment} />;
  return null;
}

function Live({ deployment, evidence }: { deployment: Deployment; evidence: DeploymentState["evidence"] }) {
  const facts = [
    evidence?.status && `answered ${evidence.status}`,
    evidence?.firstByteSeconds != null && `first byte after ${milliseconds(evidence.firstByteSeconds)}`,
    `revision v${deployment.revision}`,
    `live in ${seconds(deployment.seconds)}`,
  ].filter(Boolean);
  return (
    <div className="ending" role="status">
      {deployment.url ? (
        <p className="ending-link">
          <a href={deployment.url} target="_blank" rel="noopener noreferrer">
            {deployment.url}
          </a>
          <CopyButton text={deployment.url} />
        </p>
      ) : (
        <p>It runs. It is a worker: it has no URL.</p>
      )}
      <p className="quiet">{facts.join(", ")}</p>
      {evidence?.notes.map((note) => (
        <p key={note} className="note">
          {note}
        </p>
      ))}
    </div>
  );
}

function Failed({ deployment }: { deployment: Deployment }) {
  const failure = deployment.failure;
  return (
    <div className="ending ending-failed" role="alert">
      <p>
        <strong>{failure?.cause ?? "It failed."}</strong>
      </p>
      {failure?.evidence && <pre className="evidence">{failure.evidence}</pre>}
      {failure?.fix && <p>{failure.fix}</p>}
    </div>
  );
}
