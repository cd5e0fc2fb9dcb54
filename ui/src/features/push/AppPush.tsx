import { Link } from "../../components/Link";
import { PullRequests } from "./PullRequests";
import { PushSettings } from "./PushSettings";

/** What comes of pushes to an app's repository, and what waits for a member's consent. */
export function AppPush({ app }: { app: string }) {
  return (
    <>
      <PullRequests app={app} />
      <PushSettings app={app} />
      <p>
        <Link href="/button">A button for its README</Link>, with which others deploy it too.
      </p>
    </>
  );
}
