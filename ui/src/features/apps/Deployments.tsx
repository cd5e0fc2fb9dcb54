import { useEffect, useState } from "react";
import { Badge } from "../../components/Badge";
import { Empty } from "../../components/Empty";
import { Link } from "../../components/Link";
import { Trouble } from "../../components/Trouble";
import { useAttempt } from "../../lib/asked";
import { ago, seconds } from "../../lib/format";
import { paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import { calls, type Deployment } from "./calls";

/** All deployments of an app, the newest first. */
export function Deployments({ app }: { app: string }) {
  const [found, setFound] = useState<Deployment[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const { sending, problem, attempt } = useAttempt();
  useEffect(() => {
    void attempt(async () => {
      const page = await calls.deployments(app);
      setFound(page.items);
      setNext(page.next_cursor ?? null);
    });
  }, [app, attempt]);
  const more = (cursor: string) =>
    attempt(async () => {
      const page = await calls.deployments(app, cursor);
      setFound((known) => [...(known ?? []), ...page.items]);
      setNext(page.next_cursor ?? null);
    });
  return (
    <>
      <Trouble problem={problem} />
      {found?.length === 0 && (
        <Empty title="It has not been deployed yet.">
          <p>A deployment that is asked for is shown here from its first moment.</p>
        </Empty>
      )}
      <ol className="rows" aria-label="Deployments">
        {found?.map((one) => (
          <Row key={one.id} deployment={one} />
        ))}
      </ol>
      {next && (
        <button type="button" className="button" disabled={sending} onClick={() => void more(next)}>
          Show older ones
        </button>
      )}
    </>
  );
}

function Row({ deployment: one }: { deployment: Deployment }) {
  return (
    <li>
      <Badge status={one.status} />
      <span className="grow">
        <Link href={paths.deployment(one.id)}>{one.revision ? `v${one.revision}` : "Deployment"}</Link>{" "}
        <code>{one.commit?.slice(0, 7) ?? ""}</code>
        {one.failure && <span className="quiet"> {visible(String(one.failure.cause))}</span>}
      </span>
      <span className="quiet numbers">{seconds(one.seconds)}</span>
      <span className="quiet">{ago(one.requested_at)}</span>
    </li>
  );
}
