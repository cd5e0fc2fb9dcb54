import { visible } from "../../lib/visible";
import type { Inspection } from "./calls";

interface Props {
  found: Inspection;
  onFolder: (dir: string) => void;
}

const said = (value: unknown) => (typeof value === "string" || typeof value === "number" ? visible(String(value)) : "");

/** What was detected, with what it would run, and what widens its power. */
export function Findings({ found, onFolder }: Props) {
  const { plan } = found;
  if (plan.reason) return <NoPlan reason={said(plan.reason)} found={found} onFolder={onFolder} />;
  const facts: [string, string][] = [
    ["Stack", [plan.framework, plan.language, plan.version].map(said).filter(Boolean).join(", ") || said(plan.kind)],
    ["Port", said(plan.port) || (plan.kind === "static" ? "static files" : "none: a worker")],
    ["Commit", `${found.commit.sha.slice(0, 7)} ${visible(found.commit.subject)}`],
    ["Isolation", found.isolation.level],
  ];
  return (
    <section className="card" aria-label="Detected">
      <h3>What it would be</h3>
      <dl className="facts-list">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {found.runs.length > 0 && (
        <>
          <h4>It runs</h4>
          <ol className="commands">
            {found.runs.map((command, index) => (
              <li key={`${index} ${command}`}>
                <code>{visible(command)}</code>
              </li>
            ))}
          </ol>
        </>
      )}
      {found.widens.length > 0 && (
        <>
          <h4>What gives it more power</h4>
          <ul className="commands">
            {found.widens.map(({ what, file }) => (
              <li key={`${what} ${file}`}>
                {visible(what)} <code>{visible(file)}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {found.note && <p className="note">{visible(found.note)}</p>}
      <details>
        <summary>Dockerfile that it would be built by</summary>
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
        <pre className="evidence" tabIndex={0}>
          {visible(found.dockerfile)}
        </pre>
      </details>
    </section>
  );
}

/** Nothing that can be deployed there: why, and the folders where there is. */
function NoPlan({ reason, found, onFolder }: { reason: string; found: Inspection; onFolder: Props["onFolder"] }) {
  return (
    <section className="card" aria-label="Detected">
      <h3>This folder cannot be deployed as it is</h3>
      <p>{reason}</p>
      {found.candidates.length > 0 && (
        <>
          <p>These can:</p>
          <ul className="rows">
            {found.candidates.map(({ dir, summary }) => (
              <li key={dir}>
                <code>{visible(dir)}</code>
                <span className="grow quiet">{visible(summary)}</span>
                <button type="button" className="button" aria-label={`Take the folder ${dir}`} onClick={() => onFolder(dir)}>
                  Take it
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
