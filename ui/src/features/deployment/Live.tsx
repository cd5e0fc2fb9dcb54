import { lazy, Suspense, useState } from "react";
import { CopyButton } from "../../components/CopyButton";
import { Link } from "../../components/Link";
import type { Deployment } from "../../lib/fold";
import { milliseconds, seconds } from "../../lib/format";
import { paths } from "../../lib/route";
import { useStream } from "../../lib/stream";
import { visible } from "../../lib/visible";
import type { EndingProps } from "./Ending";
import { badgeOf } from "./badge";
import { addFact, isGone, NONE } from "./standing";

const QrCode = lazy(() => import("./QrCode").then((m) => ({ default: m.QrCode })));

/** It answers: where, how that was found, and what can be done with it. */
export function Live({ deployment, onSay }: EndingProps) {
  const standing = useStream("apps", addFact, NONE);
  const gone = isGone(standing, deployment.app);
  return (
    <div className="ending" role="status">
      {gone ? <p className="quiet">It was removed since: its address leads nowhere any more.</p> : <Where deployment={deployment} />}
      <p className="quiet numbers">{factsOf(deployment).join(", ")}</p>
      {deployment.notes.map((note) => (
        <p key={note} className="note">
          {visible(note)}
        </p>
      ))}
      {!gone && <Buttons deployment={deployment} onSay={onSay} isNewest={(standing.get(deployment.app) ?? deployment.id) === deployment.id} />}
    </div>
  );
}

function factsOf(deployment: Deployment): string[] {
  return [
    deployment.http_status !== null && `answered ${deployment.http_status}`,
    deployment.first_byte_seconds !== null && `first byte after ${milliseconds(deployment.first_byte_seconds)}`,
    `revision v${deployment.revision}`,
    `live in ${seconds(deployment.seconds)}`,
  ].filter((fact) => fact !== false);
}

function Where({ deployment }: { deployment: Deployment }) {
  if (!deployment.url) return <p>It runs. It is a worker: it has no URL.</p>;
  return (
    <p className="ending-link">
      <a href={deployment.url} target="_blank" rel="noopener noreferrer">
        {deployment.url}
      </a>
      <CopyButton text={deployment.url} />
    </p>
  );
}

interface ButtonsProps {
  deployment: Deployment;
  onSay: EndingProps["onSay"];
  isNewest: boolean;
}

function Buttons({ deployment, onSay, isNewest }: ButtonsProps) {
  const [shows, setShows] = useState<"qr" | "badge" | null>(null);
  const { app, url, revision } = deployment;
  const toggle = (what: "qr" | "badge") => setShows(shows === what ? null : what);
  const badge = badgeOf(deployment, location.origin);
  return (
    <>
      <div className="buttons">
        {url && (
          <button type="button" className="button" aria-expanded={shows === "qr"} onClick={() => toggle("qr")}>
            QR code
          </button>
        )}
        {badge && (
          <button type="button" className="button" aria-expanded={shows === "badge"} onClick={() => toggle("badge")}>
            Badge
          </button>
        )}
        <Link className="button" href={paths.app(app, "logs")}>
          Logs
        </Link>
        {onSay && isNewest && (revision ?? 0) > 1 && (
          <button type="button" className="button" onClick={() => onSay(`roll back ${app}`)}>
            Roll back
          </button>
        )}
      </div>
      {shows === "qr" && url && (
        <Suspense fallback={null}>
          <QrCode text={url} />
        </Suspense>
      )}
      {shows === "badge" && badge && (
        <div className="badge-markdown">
          <code>{badge}</code>
          <CopyButton text={badge} />
        </div>
      )}
    </>
  );
}
