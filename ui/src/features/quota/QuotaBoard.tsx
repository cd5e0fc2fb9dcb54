import { api, type Quota, request } from "../../lib/api";
import type { components } from "../../lib/api.d";
import { usePolled } from "../../lib/polled";
import { usedNow } from "./board";
import { EndpointCard } from "./EndpointCard";
import { GeminiKeyForm } from "./GeminiKeyForm";
import { Spending } from "./Spending";
import "./quota.css";

const EVERY_MS = 2000;
const HOUR_EVERY_MS = 30_000;

const askHour = () => request<components["schemas"]["QuotaHistoryView"]>("GET", "/api/v1/quota/history");

/** What may be asked of each model endpoint now, who waits, and what was spent. */
export function QuotaBoard() {
  const { value: board, problem } = usePolled(api.quota, EVERY_MS);
  return (
    <section className="page quota" aria-label="Quota">
      <h2>Quota</h2>
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      {board && <Board board={board} />}
      <Spending />
      <GeminiKeyForm />
    </section>
  );
}

function Board({ board }: { board: Quota }) {
  const { value: hour } = usePolled(askHour, HOUR_EVERY_MS);
  const used = usedNow(board.endpoints);
  const waiting = Object.entries(board.waiting).filter(([, count]) => count > 0);
  return (
    <>
      {board.degraded && <p className="note">{board.degraded}</p>}
      {board.endpoints.length === 0 && (
        <p>
          There is no model endpoint: DevGem answers by rules. Set a key of your own below, or set <code>GOOGLE_CLOUD_PROJECT</code> or{" "}
          <code>GEMINI_API_KEY</code> and start DevGem again.
        </p>
      )}
      {board.endpoints.length > 0 && used === null && <p className="note">No endpoint takes a call now. What is asked waits in order, deployments first.</p>}
      <ol className="endpoints">
        {board.endpoints.map((endpoint) => (
          <EndpointCard key={endpoint.id} endpoint={endpoint} isUsed={endpoint === used} hour={hour?.endpoints[endpoint.id] ?? []} />
        ))}
      </ol>
      <p>
        {waiting.length === 0 ? "Nobody waits." : `Waiting: ${waiting.map(([name, count]) => `${name} ${count}`).join(", ")}.`} {today(board)}
      </p>
      <p className="quiet numbers">
        As of {new Date(board.as_of).toLocaleTimeString()}, shared by {board.processes} {board.processes === 1 ? "process" : "processes"}
      </p>
    </>
  );
}

function today({ spent }: Quota): string {
  const limit = spent.day_limit === null ? "" : ` of ${spent.day_limit.toLocaleString()}`;
  const cost = spent.cost_usd === null ? "" : `, $${spent.cost_usd.toFixed(2)}`;
  return `Today ${spent.day_tokens.toLocaleString()}${limit} tokens${cost}.`;
}
