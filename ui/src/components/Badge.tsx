const LABEL: Record<string, string> = {
  new: "new",
  waiting: "waiting",
  running: "deploying",
  deploying: "deploying",
  live: "live",
  failed: "failed",
  cancelled: "cancelled",
  superseded: "superseded",
  crashed: "crashed",
  stopped: "stopped",
};

/** A state in a word; its colour comes from the class, and is never the only sign. */
export function Badge({ status }: { status: string }) {
  return <span className={`badge badge-${status}`}>{LABEL[status] ?? status}</span>;
}
