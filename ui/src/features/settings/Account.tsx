import { Trouble } from "../../components/Trouble";
import { request, type Session } from "../../lib/api";
import { useAttempt } from "../../lib/asked";
import { githubAccess, userOf, waysIn } from "../../lib/session";

/** Who one is here, what GitHub lets DevGem read, and the way out. */
export function Account({ session }: { session: Session }) {
  const { sending, problem, attempt } = useAttempt();
  const user = userOf(session);
  const access = githubAccess(session);
  const signOut = async () => {
    if (await attempt(() => request("DELETE", "/api/v1/session"))) location.assign("/signin");
  };
  const isOperator = user?.id === "operator";
  return (
    <section className="card" aria-label="Account">
      <h3>{isOperator ? "The operator of this DevGem" : (user?.name ?? "You")}</h3>
      {isOperator && <p>You are signed in by a one-time link of this machine, without an account.</p>}
      {access && (
        <p>
          {access.can_read_private ? "GitHub lets DevGem read your private repositories." : "GitHub lets DevGem read public repositories only."}
          {access.scopes.length > 0 && <span className="quiet"> Scopes: {access.scopes.join(", ")}.</span>}
        </p>
      )}
      <div className="buttons">
        {access && !access.can_read_private && (
          <a className="button button-tall" href="/signin/github?next=%2Fsettings&access=private">
            Allow private repositories
          </a>
        )}
        {!access && waysIn(session).github && (
          <a className="button button-tall" href="/signin/github?next=%2Fsettings">
            Sign in with GitHub
          </a>
        )}
        <button type="button" className="button button-tall" disabled={sending} onClick={() => void signOut()}>
          Sign out here
        </button>
      </div>
      <Trouble problem={problem} />
    </section>
  );
}
