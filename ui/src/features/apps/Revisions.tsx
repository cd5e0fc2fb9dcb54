import { useCallback, useState } from "react";
import { Empty } from "../../components/Empty";
import { Link } from "../../components/Link";
import { Trouble } from "../../components/Trouble";
import { useAsked, useAttempt } from "../../lib/asked";
import { ago } from "../../lib/format";
import { paths } from "../../lib/route";
import { calls, type Revision } from "./calls";

/** What has run of an app, and the way back to it. */
export function Revisions({ app, live }: { app: string; live: number | null }) {
  // Asked anew when another revision is live.
  // eslint-disable-next-line react-hooks/exhaustive-deps -- live is why
  const ask = useCallback(() => calls.revisions(app), [app, live]);
  const { value, problem, again } = useAsked(ask);
  const [said, setSaid] = useState("");
  const done = (warning: string) => {
    setSaid(warning);
    again();
  };
  return (
    <>
      <Trouble problem={problem} />
      <p role="status" className="note">
        {said}
      </p>
      {value?.length === 0 && (
        <Empty title="No revision has been live yet.">
          <p>Each deployment that goes live leaves one, and traffic can be shifted back to it.</p>
        </Empty>
      )}
      <ol className="rows" aria-label="Revisions">
        {value?.map((revision) => (
          <Row key={revision.number} app={app} revision={revision} onDone={done} />
        ))}
      </ol>
    </>
  );
}

function Row({ app, revision, onDone }: { app: string; revision: Revision; onDone: (warning: string) => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <li>
      <strong>v{revision.number}</strong>
      <span className="grow">
        <Link href={paths.deployment(revision.deployment)}>
          <code>{revision.commit.slice(0, 7)}</code>
        </Link>
        <span className="quiet"> {ago(revision.created_at)}</span>
      </span>
      {revision.traffic > 0 ? (
        <span className="badge badge-live">{revision.traffic} % of the traffic</span>
      ) : (
        <button type="button" className="button" aria-expanded={asked} onClick={() => setAsked(!asked)}>
          Roll back to v{revision.number}
        </button>
      )}
      {asked && revision.traffic === 0 && <Confirm app={app} to={revision.number} onDone={onDone} onLeave={() => setAsked(false)} />}
    </li>
  );
}

interface ConfirmProps {
  app: string;
  to: number;
  onDone: (warning: string) => void;
  onLeave: () => void;
}

/** What a rollback does and what it cannot undo, before it is done. */
function Confirm({ app, to, onDone, onLeave }: ConfirmProps) {
  const { sending, problem, attempt } = useAttempt();
  const go = () =>
    attempt(async () => {
      const { warning } = await calls.rollBack(app, to);
      onLeave();
      onDone(`Traffic goes to v${to}. ${warning}`);
    });
  return (
    <div className="card confirm">
      <p>All traffic goes to v{to} at once, and push-to-deploy pauses.</p>
      <p>It does not undo what later revisions did outside of the app: schema migrations of a database, files that were written, messages that were sent. Config vars keep their present values.</p>
      <Trouble problem={problem} />
      <div className="buttons">
        <button type="button" className="button button-primary" disabled={sending} onClick={() => void go()}>
          Roll back
        </button>
        <button type="button" className="button button-tall" onClick={onLeave}>
          Leave it
        </button>
      </div>
    </div>
  );
}
