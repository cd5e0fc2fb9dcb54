import { type FormEvent, useCallback, useState } from "react";
import { Empty } from "../../components/Empty";
import { Trouble } from "../../components/Trouble";
import { useAttempt } from "../../lib/asked";
import { usePolled } from "../../lib/polled";
import { visible } from "../../lib/visible";
import { calls, type Domain } from "./calls";

const EVERY_MS = 10_000;

/** The host names of an app, what they wait for, and the DNS records that are due. */
export function Domains({ app }: { app: string }) {
  const ask = useCallback(() => calls.domains(app), [app]);
  const { value, problem, again } = usePolled(ask, EVERY_MS);
  const { sending, problem: failed, attempt } = useAttempt();
  const [host, setHost] = useState("");
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await attempt(() => calls.addDomain(app, host.trim()))) {
      setHost("");
      again();
    }
  };
  const remove = async (one: string) => {
    if (await attempt(() => calls.removeDomain(app, one))) again();
  };
  return (
    <>
      <Trouble problem={failed ?? problem} />
      {value?.length === 0 && (
        <Empty title="It has no host name of its own.">
          <p>Add one that you own; you are then told which DNS records to set.</p>
        </Empty>
      )}
      <ul className="domains" aria-label="Domains">
        {value?.map((one) => (
          <Row key={one.host} domain={one} sending={sending} onRemove={() => void remove(one.host)} />
        ))}
      </ul>
      <form className="inline-form" onSubmit={(event) => void add(event)}>
        <label className="field grow">
          Host name
          <input value={host} placeholder="shop.example.com" maxLength={300} onChange={(event) => setHost(event.target.value)} />
        </label>
        <button type="submit" className="button button-tall" disabled={sending || host.trim() === ""}>
          Add
        </button>
      </form>
    </>
  );
}

function Row({ domain, sending, onRemove }: { domain: Domain; sending: boolean; onRemove: () => void }) {
  return (
    <li className="card">
      <div className="card-head">
        <strong className="grow">{visible(domain.host)}</strong>
        <span className={domain.state === "live" ? "badge badge-live" : domain.state === "failed" ? "badge badge-failed" : "badge badge-waiting"}>{domain.state}</span>
        <button type="button" className="button" disabled={sending} aria-label={`Remove ${domain.host}`} onClick={onRemove}>
          Remove
        </button>
      </div>
      {domain.detail && <p>{visible(domain.detail)}</p>}
      {domain.fix && <p className="quiet">{visible(domain.fix)}</p>}
      {domain.state !== "live" && domain.records.length > 0 && (
        <ul className="rows" aria-label="DNS records">
          {domain.records.map((record) => (
            <li key={`${record.type} ${record.name} ${record.value}`}>
              <code>{record.type}</code>
              <code className="grow">{visible(record.name)}</code>
              <code>{visible(record.value)}</code>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
