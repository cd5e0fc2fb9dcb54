import { type FormEvent, useState } from "react";
import { Trouble } from "../../components/Trouble";
import { useAttempt } from "../../lib/asked";
import { navigate } from "../../lib/route";
import { calls } from "./calls";

/** What cannot be undone, and wants the name to the letter. */
export function Danger({ app }: { app: string }) {
  const [typed, setTyped] = useState("");
  const { sending, problem, attempt } = useAttempt();
  const remove = async (event: FormEvent) => {
    event.preventDefault();
    if (typed === app && (await attempt(() => calls.remove(app)))) navigate("/apps", { replace: true });
  };
  return (
    <section className="card danger" aria-label="Danger zone">
      <h3>Remove {app}</h3>
      <p>The app stops answering at once. Its revisions, config vars, deployments and logs are deleted. This cannot be undone.</p>
      <Trouble problem={problem} />
      <form className="inline-form" onSubmit={(event) => void remove(event)}>
        <label className="field grow">
          Type {app} to remove it
          <input value={typed} autoComplete="off" spellCheck={false} onChange={(event) => setTyped(event.target.value)} />
        </label>
        <button type="submit" className="button button-tall button-danger" disabled={sending || typed !== app}>
          Remove
        </button>
      </form>
    </section>
  );
}
