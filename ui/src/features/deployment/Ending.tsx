import type { Deployment } from "../../lib/fold";
import { visible } from "../../lib/visible";
import { CopyButton } from "../../components/CopyButton";
import { commandsIn } from "./commands";
import { Live } from "./Live";

export interface EndingProps {
  deployment: Deployment;
  onSay: ((text: string) => void) | null;
  /** Shows the line of the log that the evidence is from. */
  onEvidence: () => void;
  onLog: () => void;
}

/** How a deployment ended: the link with its evidence, or the cause with its fix. Nothing while it goes on. */
export function Ending(props: EndingProps) {
  const { status, superseded_by } = props.deployment;
  if (status === "live") return <Live {...props} />;
  if (status === "failed") return <Failed {...props} />;
  if (status === "cancelled") return <Stopped {...props}>It was cancelled. What was live before stays live.</Stopped>;
  if (status === "superseded") {
    return <p className="quiet">A newer deployment took its place{superseded_by ? ` (${superseded_by})` : ""}.</p>;
  }
  return null;
}

function Stopped({ deployment, onSay, children }: EndingProps & { children: string }) {
  return (
    <div className="ending" role="status">
      <p className="quiet">{children}</p>
      {onSay && (
        <div className="buttons">
          <button type="button" className="button" onClick={() => onSay(`redeploy ${deployment.app}`)}>
            Deploy again
          </button>
        </div>
      )}
    </div>
  );
}

function Failed({ deployment, onSay, onEvidence, onLog }: EndingProps) {
  const { failure, app } = deployment;
  return (
    <div className="ending ending-failed" role="alert">
      <p>
        <strong>{visible(failure?.cause ?? "It failed.")}</strong>
      </p>
      {failure?.evidence && (
        <>
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
          <pre className="evidence" tabIndex={0} aria-label="Evidence">
            {visible(failure.evidence)}
          </pre>
          <button type="button" className="link" onClick={onEvidence}>
            Show this in the log
          </button>
        </>
      )}
      {failure?.fix && <p>{visible(failure.fix)}</p>}
      {commandsIn(failure?.fix ?? "").map((command) => (
        <p key={command} className="fix-command">
          <code>{visible(command)}</code>
          <CopyButton text={command} />
        </p>
      ))}
      <div className="buttons">
        {onSay && (
          <>
            <button type="button" className="button" onClick={() => onSay(`redeploy ${app}`)}>
              Retry
            </button>
            <button type="button" className="button" onClick={() => onSay(`why did ${app} fail?`)}>
              Explain
            </button>
          </>
        )}
        <button type="button" className="button" onClick={onLog}>
          Open log
        </button>
        {failure && <span className="quiet failure-code">{visible(failure.code)}</span>}
      </div>
    </div>
  );
}
