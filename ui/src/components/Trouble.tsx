import type { Problem } from "../lib/api";

/** What went wrong and what to do; nothing when nothing did. */
export function Trouble({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  return (
    <p className="problem" role="alert">
      {problem.message} {problem.fix}
    </p>
  );
}
