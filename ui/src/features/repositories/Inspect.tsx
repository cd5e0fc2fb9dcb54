import { useCallback, useState } from "react";
import { Link } from "../../components/Link";
import { Trouble } from "../../components/Trouble";
import { useAsked } from "../../lib/asked";
import { paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import { calls, type Choice, slugOf } from "./calls";
import { DeployForm } from "./DeployForm";
import { Findings } from "./Findings";
import { Where } from "./Where";

/** What a repository would be, before anything of it runs. `branch` is known where it was picked from a list. */
export function Inspect({ source, branch }: { source: string; branch: string | null }) {
  const [choice, setChoice] = useState<Choice>({ source, ref: branch, dir: "." });
  const ask = useCallback(() => calls.inspect(choice), [choice]);
  const { value: found, problem, again } = useAsked(ask);
  const slug = slugOf(source);
  return (
    <section className="page" aria-label="Before it is deployed">
      <div className="page-head">
        <h2>{visible(source)}</h2>
        <Link href={paths.newApp()}>Pick another</Link>
      </div>
      {slug && <Where slug={slug} choice={choice} onChoose={setChoice} />}
      {!found && !problem && (
        <p role="status" className="card card-waiting">
          Reading the repository. Nothing of it is run.
        </p>
      )}
      <Trouble problem={problem} />
      {problem && (
        <button type="button" className="button button-tall" onClick={again}>
          Try again
        </button>
      )}
      {found && <Findings found={found} onFolder={(dir) => setChoice({ ...choice, dir })} />}
      {found && !found.plan.reason && <DeployForm key={`${found.commit.sha} ${choice.dir}`} found={found} choice={choice} />}
    </section>
  );
}
