import { api, type Quota } from "../../lib/api";
import { usePolled } from "../../lib/polled";
import { GeminiKeyForm } from "./GeminiKeyForm";
import "./quota.css";

type Endpoint = Quota["endpoints"][number];
type Usage = Endpoint["rpm"];

const EVERY_MS = 2000;
const CIRCUIT: Record<string, string> = {
  closed: "open for calls",
  cooling: "resting after a 429",
  open: "out of use",
  probing: "being tried",
  ramping: "coming back",
  off: "switched off",
};
const WINDOWS = [
  ["rpm", "Requests a minute"],
  ["tpm", "Tokens a minute"],
  ["rph", "Requests an hour"],
  ["tph", "Tokens an hour"],
] as const;

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
      <GeminiKeyForm />
    </section>
  );
}

function Board({ board }: { board: Quota }) {
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
      <ol className="endpoints">
        {board.endpoints.map((endpoint) => (
          <EndpointCard key={endpoint.id} endpoint={endpoint} />
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

function isLimited({ rpm, tpm }: Endpoint): boolean {
  return rpm.limit !== null || tpm.limit !== null;
}

function EndpointCard({ endpoint }: { endpoint: Endpoint }) {
  const retry = endpoint.retry_in_seconds ? `tried again in ${inTime(endpoint.retry_in_seconds)}` : "";
  const why = [endpoint.reason, retry].filter(Boolean).join(", ");
  return (
    <li className={`card circuit-${endpoint.circuit}`}>
      <div className="card-head">
        <h3>{endpoint.region || endpoint.provider}</h3>
        <span className="badge">{CIRCUIT[endpoint.circuit] ?? endpoint.circuit}</span>
        <span className="quiet">
          {endpoint.provider}, {endpoint.model}
        </span>
      </div>
      {why && <p className="quiet">{why}</p>}
      {endpoint.ceiling < 1 && isLimited(endpoint) && (
        <p className="quiet">The limits below are learned: {Math.round(endpoint.ceiling * 100)} % of those that are set.</p>
      )}
      <dl className="windows">
        {WINDOWS.map(([name, label]) => (
          <Window key={name} label={label} usage={endpoint[name]} />
        ))}
      </dl>
    </li>
  );
}

function inTime(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

function Window({ label, usage }: { label: string; usage: Usage }) {
  const frees = usage.limit !== null && usage.frees_in_seconds !== null ? `, frees in ${inTime(usage.frees_in_seconds)}` : "";
  return (
    <div>
      <dt>{label}</dt>
      <dd className="numbers">
        {usage.limit !== null && <meter aria-hidden="true" min={0} max={usage.limit} high={usage.limit * 0.9} optimum={0} value={usage.used} />}
        {usage.used.toLocaleString()}
        {usage.limit === null ? ", limit not known" : ` of ${usage.limit.toLocaleString()}`}
        <span className="quiet">{frees}</span>
      </dd>
    </div>
  );
}
