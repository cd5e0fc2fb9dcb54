import type { Session } from "../../lib/api";
import { waysIn } from "../../lib/session";
import { TokenForm } from "./TokenForm";

const PROBLEM: Record<string, string> = {
  denied: "You did not give GitHub's consent, so nothing was changed. You can try again.",
  expired: "Signing in took too long. Start again.",
  state: "This answer does not belong to a sign-in that was begun in this browser. Start again from here.",
  link: "This one-time link was used before, or is too old. A new one comes from devgem open.",
  github: "GitHub did not answer as it should. Try again in a moment.",
  unavailable: "GitHub does not answer. Try again in a moment.",
  revoked: "GitHub's consent was taken back. Sign in again to go on.",
};

interface Props {
  session: Session | null;
  next: string;
  problem: string | null;
}

/** The ways in: GitHub where it is set up, a token, or the one-time link of this machine. */
export function WaysIn({ session, next, problem }: Props) {
  const ways = waysIn(session);
  return (
    <>
      <h2>Sign in</h2>
      {problem && (
        <p className="signin-problem" role="alert">
          {Object.hasOwn(PROBLEM, problem) ? PROBLEM[problem] : "Signing in did not work. Try again; nothing was changed."}
        </p>
      )}
      {session === null && <div className="signin-waiting" aria-busy="true" />}
      {ways.github && <GitHub next={next} />}
      {session && <OneTimeLink isOnlyWay={!ways.github} />}
      {ways.token && <TokenForm next={next} />}
      {session && <p className="quiet signin-version">DevGem {session.version}.</p>}
    </>
  );
}

function GitHub({ next }: { next: string }) {
  return (
    <>
      <a className="button button-primary signin-github" href={`/signin/github?next=${encodeURIComponent(next)}`}>
        Continue with GitHub
      </a>
      <dl className="signin-asks">
        <div>
          <dt>Your name on GitHub</dt>
          <dd>So that your apps are yours alone.</dd>
        </div>
        <div>
          <dt>Public repositories</dt>
          <dd>To list them and to read what you deploy. Nothing is written.</dd>
        </div>
        <div>
          <dt>Private ones, only later</dt>
          <dd>You are asked when you first pick one. The token is kept encrypted, and revoked when you sign out.</dd>
        </div>
      </dl>
    </>
  );
}

function OneTimeLink({ isOnlyWay }: { isOnlyWay: boolean }) {
  const words = (
    <p>
      Open the link that <code>devgem up</code> printed, or run <code>devgem open</code> for a new one. It works once, in one browser.
    </p>
  );
  if (!isOnlyWay) {
    return (
      <details className="signin-more">
        <summary>Is this your own machine?</summary>
        {words}
      </details>
    );
  }
  return (
    <div className="signin-link">
      <p className="signin-lead">This DevGem belongs to whoever owns the machine that it runs on. No account is needed.</p>
      {words}
      <pre className="evidence">$ devgem open</pre>
      <p className="quiet">To sign in with GitHub here, set up an OAuth app; the documentation of settings tells how.</p>
    </div>
  );
}
