import { LogViewer } from "../features/logs/LogViewer";
import { Empty } from "../components/Empty";
import { addLine, NO_LOG } from "../lib/log";
import { paths } from "../lib/route";
import { useStream } from "../lib/stream";

/** What an app writes while it runs, as it is written. */
export function AppLogs({ app }: { app: string }) {
  const { log, lines } = useStream(`logs:${app}`, addLine, NO_LOG);
  if (lines === 0) {
    return (
      <Empty title="It has written nothing that is kept.">
        <p>What the app writes to its standard output and error comes here as it is written.</p>
      </Empty>
    );
  }
  return <LogViewer log={log} lines={lines} label={`Log of ${app}`} name={`${app}-log`} href={paths.app(app, "logs")} isPage isRunning />;
}
