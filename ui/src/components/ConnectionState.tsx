import type { Connection } from "../lib/socket";
import { useConnection } from "../lib/stream";

const SAYS: Record<Connection, { label: string; detail: string }> = {
  connecting: { label: "Connecting", detail: "The page asks DevGem for a connection." },
  open: { label: "Connected", detail: "News come the moment they happen." },
  "catching-up": { label: "Catching up", detail: "What was missed is on its way; nothing is lost." },
  sse: { label: "Connected by SSE", detail: "No WebSocket gets through here; news come as server-sent events." },
  lost: { label: "Connection lost, coming back", detail: "What is shown may be old. It comes back by itself." },
  offline: { label: "Offline", detail: "This device has no network. It comes back by itself." },
  "signed-out": { label: "Signed out", detail: "Sign in to go on." },
};

/** The true state of the connection, in words. */
export function ConnectionState() {
  const state = useConnection();
  const { label, detail } = SAYS[state];
  return (
    <span className={`connection connection-${state}`} role="status" title={detail}>
      {label}
    </span>
  );
}
