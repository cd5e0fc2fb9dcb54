import { Chart } from "../../components/Chart";
import type { Quota } from "../../lib/api";
import { visible } from "../../lib/visible";
import { inTime, type Minute } from "./board";

type Endpoint = Quota["endpoints"][number];
type Usage = Endpoint["rpm"];

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

interface Props {
  endpoint: Endpoint;
  isUsed: boolean;
  hour: readonly Minute[];
}

/** One endpoint: what is used of it, whether it takes calls and why not, and its last hour. */
export function EndpointCard({ endpoint, isUsed, hour }: Props) {
  const retry = endpoint.retry_in_seconds ? `tried again in ${inTime(endpoint.retry_in_seconds)}` : "";
  const why = [visible(endpoint.reason), retry].filter(Boolean).join(", ");
  const isLimited = endpoint.rpm.limit !== null || endpoint.tpm.limit !== null;
  return (
    <li className={`card circuit-${endpoint.circuit}`}>
      <div className="card-head">
        <h3>{endpoint.region || endpoint.provider}</h3>
        <span className="badge">{CIRCUIT[endpoint.circuit] ?? endpoint.circuit}</span>
        <span className="quiet">
          {endpoint.provider}, {endpoint.model}
        </span>
      </div>
      {isUsed && <p className="quota-used">Calls go here now.</p>}
      {why && <p className="quiet">{why}</p>}
      {endpoint.ceiling < 1 && isLimited && (
        <p className="quiet">The limits below are learned: {Math.round(endpoint.ceiling * 100)} % of those that are set.</p>
      )}
      <dl className="windows">
        {WINDOWS.map(([name, label]) => (
          <Window key={name} label={label} usage={endpoint[name]} />
        ))}
      </dl>
      <p className="quiet">
        {endpoint.refused_ago_seconds === null ? "No 429 is known of." : `The last 429 was ${inTime(endpoint.refused_ago_seconds)} ago.`}
      </p>
      {hour.length > 1 && <Hour hour={hour} />}
    </li>
  );
}

function Window({ label, usage }: { label: string; usage: Usage }) {
  const frees = usage.limit !== null && usage.frees_in_seconds !== null ? `, frees in ${inTime(usage.frees_in_seconds)}` : "";
  const share = usage.limit === null || usage.limit === 0 ? null : Math.min(1, usage.used / usage.limit);
  return (
    <div>
      <dt>{label}</dt>
      <dd className="numbers">
        <span className={share === null ? "bar bar-unknown" : share >= 0.9 ? "bar bar-full" : "bar"} aria-hidden="true">
          {share !== null && <span style={{ transform: `scaleX(${share})` }} />}
        </span>
        {usage.used.toLocaleString()}
        {usage.limit === null ? ", limit not known" : ` of ${usage.limit.toLocaleString()}`}
        <span className="quiet">{frees}</span>
      </dd>
    </div>
  );
}

function Hour({ hour }: { hour: readonly Minute[] }) {
  const sum = hour.reduce((total, { requests }) => total + requests, 0);
  const refused = hour.filter((minute) => minute.refused).length;
  const words = `${sum.toLocaleString()} requests in the last hour${refused > 0 ? `, a 429 in ${refused} of its minutes` : ""}`;
  const most = Math.max(...hour.map(({ requests }) => requests), 1);
  return (
    <div className="quota-hour">
      <Chart
        label={words}
        height={36}
        lines={[
          { values: hour.map(({ requests }) => requests), className: "chart-requests" },
          ...(refused > 0 ? [{ values: hour.map((minute) => (minute.refused ? most : null)), className: "chart-errors" }] : []),
        ]}
      />
      <span className="quiet">{words}</span>
    </div>
  );
}
