import type { ReactNode } from "react";
import { visible } from "../../lib/visible";
import type { Inspection } from "../../lib/api";

/** What the repository is and would do, as far as can be known before it runs. */
export function Preview({ found }: { found: Inspection }) {
  const { plan, commit, app } = found;
  const stack = [plan.language, plan.framework].filter((text) => typeof text === "string").join(", ");
  return (
    <div className="card consent-card">
      {app && (app.name || app.description) && (
        <div>
          <h3>{visible(app.name || found.source)}</h3>
          <p className="quiet">{visible(app.description)}</p>
        </div>
      )}
      <Warning found={found} />
      <dl className="facts">
        <Fact name="Repository">{visible(found.source)}</Fact>
        <Fact name="Owner">{visible(found.owner)}{found.private ? ", private" : ""}</Fact>
        <Fact name="Commit">
          <code>{commit.sha.slice(0, 12)}</code> <bdi>{visible(commit.subject)}</bdi>
        </Fact>
        {stack && <Fact name="Written in">{visible(stack)}</Fact>}
        <Fact name="Isolation">{found.isolation.level}: {found.isolation.detail}</Fact>
      </dl>
      <Commands title="It will run" texts={found.runs} none="Nothing: its files are served as they are." />
      {found.widens.length > 0 && (
        <div>
          <h4>This widens what it can do</h4>
          <ul className="consent-list">
            {found.widens.map(({ what, file }) => (
              <li key={`${what} ${file}`}>
                {visible(what)} <code className="quiet">{visible(file)}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
      {found.hooks.length > 0 && <Commands title="Asked for in app.json, and never run here" texts={found.hooks} none="" />}
      {found.note && <p className="quiet">{visible(found.note)}</p>}
    </div>
  );
}

function Warning({ found }: { found: Inspection }) {
  if (found.own) return null;
  return (
    <p className="consent-warning" role="note">
      <strong>This is somebody else's code.</strong>{" "}
      {found.first_seen
        ? `Nothing of ${visible(found.owner)} was deployed by you before. Look at what it runs, and deploy it only if you trust them.`
        : "It runs with the config vars that you give it."}
    </p>
  );
}

function Commands({ title, texts, none }: { title: string; texts: string[]; none: string }) {
  return (
    <div>
      <h4>{title}</h4>
      {texts.length === 0 && <p className="quiet">{none}</p>}
      <ol className="consent-commands">
        {texts.map((text, index) => (
          <li key={`${index} ${text}`}>
            <code>{visible(text)}</code>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
