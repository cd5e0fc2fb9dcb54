import { useCallback, useState } from "react";
import { Badge } from "../../components/Badge";
import { Link } from "../../components/Link";
import { api, asProblem, type Problem, type PullRequest } from "../../lib/api";
import { usePolled } from "../../lib/polled";
import { paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import "./push.css";

const EVERY_MS = 5_000;

/** The pull requests that are shown beside an app, and those of others that wait for consent; nothing without any. */
export function PullRequests({ app }: { app: string }) {
  const ask = useCallback(() => api.previews(app), [app]);
  const { value: pulls, again } = usePolled(ask, EVERY_MS);
  const [problem, setProblem] = useState<Problem | null>(null);
  const act = (request: Promise<unknown>) => {
    setProblem(null);
    request.then(again, (error: unknown) => {
      setProblem(asProblem(error));
      again();
    });
  };
  if (!pulls || pulls.length === 0) return null;
  return (
    <section className="card" aria-label="Pull requests">
      <h3>Pull requests</h3>
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      <ul className="pulls">
        {pulls.map((pull) => (
          <li key={pull.number}>
            <Pull pull={pull} />
            <div className="buttons">
              {pull.state === "waiting" && (
                <button type="button" className="button button-tall" onClick={() => act(api.consentToPreview(app, pull.number, pull.commit))}>
                  Deploy {pull.commit.slice(0, 7)} with this app's config vars
                </button>
              )}
              <button type="button" className="button button-tall" aria-label={`Remove the preview of pull request ${pull.number}`} onClick={() => act(api.discardPreview(app, pull.number))}>
                Remove
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Pull({ pull }: { pull: PullRequest }) {
  return (
    <div className="pull">
      <p className="card-head">
        <a href={pull.address} target="_blank" rel="noopener noreferrer nofollow">
          #{pull.number}
        </a>
        <bdi>{visible(pull.title)}</bdi>
        <Badge status={pull.status ?? pull.state} />
      </p>
      <p className="quiet">
        {pull.is_outside ? "Of somebody outside: " : "By "}
        <bdi>{visible(pull.author || pull.origin || "somebody unknown")}</bdi>, commit <code>{pull.commit.slice(0, 12)}</code>
        {pull.deployment && (
          <>
            , <Link href={paths.deployment(pull.deployment)}>its deployment</Link>
          </>
        )}
      </p>
      {pull.state === "waiting" && (
        <p className="note">It runs with this app's config vars once you agree. Read what it changes first; its next commit asks again.</p>
      )}
      {pull.url && (
        <a href={pull.url} target="_blank" rel="noopener noreferrer">
          {pull.url}
        </a>
      )}
    </div>
  );
}
