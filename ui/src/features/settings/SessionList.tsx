import { useState } from "react";
import { api, asProblem, type Browser, type Problem } from "../../lib/api";
import { usePolled } from "../../lib/polled";

const EVERY_MS = 15_000;

/** The browsers that are signed in, each of which can be signed out from here. */
export function SessionList() {
  const { value: browsers, problem, again } = usePolled(api.sessions, EVERY_MS);
  const [failed, setFailed] = useState<Problem | null>(null);
  const revoke = (browser: Browser) => {
    setFailed(null);
    api.revokeSession(browser.id).then(
      () => (browser.current ? location.reload() : again()),
      (error: unknown) => setFailed(asProblem(error)),
    );
  };
  const trouble = failed ?? problem;
  return (
    <section className="card" aria-label="Sessions">
      <h3>Signed-in browsers</h3>
      {trouble && (
        <p className="problem" role="alert">
          {trouble.message} {trouble.fix}
        </p>
      )}
      {browsers?.length === 0 && <p className="quiet">None: you are here by the operator's token.</p>}
      <ul className="sessions">
        {browsers?.map((browser) => (
          <li key={browser.id}>
            <p className="grow">
              {browser.current ? <strong>This browser</strong> : `Signed in ${when(browser.created_at)}`}
              <span className="quiet"> last seen {when(browser.seen_at)}</span>
            </p>
            <button type="button" className="button" onClick={() => revoke(browser)}>
              Sign out
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function when(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
