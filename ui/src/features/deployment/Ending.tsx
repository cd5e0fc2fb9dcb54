import { CopyButton } from "../../components/CopyButton";
import type { Deployment } from "../../lib/fold";
import { milliseconds, seconds } from "../../lib/format";
import { visible } from "../../lib/visible";

/** How a deployment ended: the link with its evidence, or the cause with its fix. Nothing while it goes on. */
export function Ending({ deployment }: { deployment: Deployment }) {
  if (deployment.status === "live") return <Live deployment={deployment} />;
  if (deployment.status === "failed") return <Failed deployment={deployment} />;
  return null;
}

function Live({ deployment }: { deployment: Deployment }) {
  const facts = [
    deployment.http_status && `answered ${deployment.http_status}`,
    deployment.first_byte_seconds !== null && `first byte after ${milliseconds(deployment.first_byte_seconds)}`,
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
      {deployment.notes.map((note) => (
        <p key={note} className="note">
          {visible(note)}
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
        <strong>{visible(failure?.cause ?? "It failed.")}</strong>
      </p>
      {failure?.evidence && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard
        <pre className="evidence" tabIndex={0}>
          {visible(failure.evidence)}
        </pre>
      )}
      {failure?.fix && <p>{visible(failure.fix)}</p>}
    </div>
  );
}
