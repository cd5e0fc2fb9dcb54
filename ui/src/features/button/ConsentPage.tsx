import { type FormEvent, useState } from "react";
import { Link } from "../../components/Link";
import { api, asProblem, type Inspection, type Problem } from "../../lib/api";
import { navigate } from "../../lib/route";
import { visible } from "../../lib/visible";
import { type Asked, read } from "./address";
import { ConsentForm } from "./ConsentForm";
import { Preview } from "./Preview";
import "./button.css";

/** Where a button in a README leads: what would be deployed is shown, and nothing happens before it is agreed to. */
export function ConsentPage({ search }: { search: URLSearchParams }) {
  const asked = read(search);
  return (
    <section className="page consent" aria-label="Deploy a repository">
      <h2>Deploy to DevGem</h2>
      {asked.repo === "" || asked.refused !== "" ? <Wanted asked={asked} /> : <Consent key={search.toString()} asked={asked} />}
    </section>
  );
}

function Wanted({ asked }: { asked: Asked }) {
  const [repo, setRepo] = useState("");
  const go = (event: FormEvent) => {
    event.preventDefault();
    if (repo.trim() !== "") navigate(`/new?repo=${encodeURIComponent(repo.trim())}`);
  };
  return (
    <form className="card consent-form" onSubmit={go} aria-label="Repository">
      <p className={asked.refused ? "problem" : ""} role={asked.refused ? "alert" : undefined}>
        {asked.refused || "The address does not say which repository. Which one do you mean?"}
      </p>
      <label className="field">
        Repository
        <input value={repo} placeholder="owner/repo" autoComplete="off" spellCheck={false} onChange={(event) => setRepo(event.target.value)} />
      </label>
      <div className="buttons">
        <button type="submit" className="button button-tall" disabled={repo.trim() === ""}>
          Go on
        </button>
      </div>
    </form>
  );
}

function Consent({ asked }: { asked: Asked }) {
  const { found, dir, looking, problem, look } = useInspection(asked);
  if (found && found.plan.reason == null) {
    return (
      <>
        <Preview found={found} />
        <ConsentForm asked={asked} found={found} dir={dir} />
      </>
    );
  }
  return (
    <div className="card consent-form">
      <p className="consent-source">
        <bdi>{visible(asked.repo)}</bdi>
        <span className="quiet">
          {asked.ref && <> at <bdi>{visible(asked.ref)}</bdi></>}
          {dir !== "." && <> in <bdi>{visible(dir)}</bdi></>}
        </span>
      </p>
      <Notes asked={asked} />
      {found ? <NoPlan found={found} onChoose={look} /> : <p>Nothing has happened yet. Look at the repository to see what would be deployed.</p>}
      {problem && <Trouble problem={problem} />}
      <div className="buttons">
        <Link href="/apps" className="button button-tall">
          Cancel
        </Link>
        <button type="button" className="button button-primary" disabled={looking} onClick={() => look(dir)}>
          {looking ? "Looking" : "Look at the repository"}
        </button>
      </div>
    </div>
  );
}

function Notes({ asked }: { asked: Asked }) {
  return (
    <>
      {asked.ignored.length > 0 && <p className="quiet">Ignored, since it means nothing here: {asked.ignored.map(visible).join(", ")}.</p>}
      {asked.valued.length > 0 && (
        <p className="note">
          The address gives values for {asked.valued.map(visible).join(", ")}. They are not used, since an address is kept in
          histories and logs.
        </p>
      )}
    </>
  );
}

function NoPlan({ found, onChoose }: { found: Inspection; onChoose: (dir: string) => void }) {
  return (
    <>
      <p role="alert">{visible(String(found.plan.reason))}</p>
      <ul className="buttons">
        {found.candidates.map(({ dir, summary }) => (
          <li key={dir}>
            <button type="button" className="button button-tall" onClick={() => onChoose(dir)}>
              <bdi>{visible(dir)}</bdi> <span className="quiet">{visible(summary)}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Trouble({ problem }: { problem: Problem }) {
  const here = location.pathname + location.search;
  return (
    <p className="problem" role="alert">
      {problem.message} {problem.fix} {/* A full load: it leads to GitHub. */}
      {problem.status === 422 && <a href={`/signin/github?access=private&next=${encodeURIComponent(here)}`}>Is it private? Sign in to GitHub with leave to read it.</a>}
    </p>
  );
}

function useInspection(asked: Asked) {
  const [found, setFound] = useState<Inspection | null>(null);
  const [dir, setDir] = useState(asked.dir || ".");
  const [looking, setLooking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const look = (chosen: string) => {
    setDir(chosen);
    setLooking(true);
    setProblem(null);
    api
      .inspect({ source: asked.repo, ref: asked.ref || null, dir: chosen })
      .then(setFound, (error: unknown) => setProblem(asProblem(error)))
      .finally(() => setLooking(false));
  };
  return { found, dir, looking, problem, look };
}
