import { Link } from "../components/Link";
import { Trouble } from "../components/Trouble";
import { api } from "../lib/api";
import { useApps } from "../lib/apps";
import { useAttempt } from "../lib/asked";
import { paths } from "../lib/route";

/** Where nothing is deployed yet: the shortest way to a link, in the conversation that is open. */
export function FirstRun({ conversation }: { conversation: string }) {
  const { apps } = useApps();
  const { sending, problem, attempt } = useAttempt();
  if (apps?.length !== 0) return null;
  const deploy = () => attempt(() => api.say(conversation, { text: "deploy sample", client_id: crypto.randomUUID() }));
  return (
    <section className="first-run" aria-label="First steps">
      <p className="grow">
        <strong>A working link in under a minute, without an account.</strong>
        <span className="quiet"> The sample is a small Flask app that comes with DevGem.</span>
      </p>
      <div className="buttons">
        <button type="button" className="button button-primary" disabled={sending} onClick={() => void deploy()}>
          Deploy the sample
        </button>
        <Link className="button button-tall" href={paths.newApp()}>
          Pick a repository
        </Link>
      </div>
      <Trouble problem={problem} />
    </section>
  );
}
