import { type FormEvent, useCallback, useState } from "react";
import { Empty } from "../../components/Empty";
import { Trouble } from "../../components/Trouble";
import { useAsked, useAttempt } from "../../lib/asked";
import { parseEnv } from "../../lib/dotenv";
import { ago } from "../../lib/format";
import { calls, type EnvName } from "./calls";

/** Config vars by name: a value goes in, and never comes back. */
export function ConfigVars({ app }: { app: string }) {
  const ask = useCallback(() => calls.env(app), [app]);
  const { value, problem, again } = useAsked(ask);
  const { sending, problem: failed, attempt } = useAttempt();
  const [note, setNote] = useState("");
  const change = async (body: Parameters<typeof calls.changeEnv>[1]) => {
    const went = await attempt(async () => setNote((await calls.changeEnv(app, body)).note ?? ""));
    if (went) again();
    return went;
  };
  return (
    <>
      <p className="quiet">Values are kept encrypted and are never shown again, not to you either. They take effect with the next deployment.</p>
      <Trouble problem={failed ?? problem} />
      <p role="status" className="note">
        {note}
      </p>
      {value?.length === 0 && (
        <Empty title="No config var is set.">
          <p>Set one below, or paste a whole .env file.</p>
        </Empty>
      )}
      <ul className="rows" aria-label="Config vars">
        {value?.map((one) => (
          <Row key={`${one.name} ${one.build}`} one={one} sending={sending} onUnset={() => void change({ unset: [one.name], build: one.build })} />
        ))}
      </ul>
      <SetForm sending={sending} onSet={(set, build) => change({ set, build })} />
    </>
  );
}

function Row({ one, sending, onUnset }: { one: EnvName; sending: boolean; onUnset: () => void }) {
  return (
    <li>
      <code className="grow">{one.name}</code>
      {one.build && <span className="badge">for builds</span>}
      <span className="quiet" aria-label="a value that is not shown">
        ••••••••
      </span>
      <span className="quiet">set {ago(one.updated_at)}</span>
      <button type="button" className="button" disabled={sending} aria-label={`Unset ${one.name}`} onClick={onUnset}>
        Unset
      </button>
    </li>
  );
}

function SetForm({ sending, onSet }: { sending: boolean; onSet: (set: Record<string, string>, build: boolean) => Promise<boolean> }) {
  const [text, setText] = useState("");
  const [build, setBuild] = useState(false);
  const { vars, wrong } = parseEnv(text);
  const names = Object.keys(vars);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (names.length > 0 && wrong.length === 0 && (await onSet(vars, build))) setText("");
  };
  return (
    <form className="card env-form" aria-label="Set config vars" onSubmit={(event) => void submit(event)}>
      <label className="field">
        NAME=value, one a line
        <textarea rows={4} spellCheck={false} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <label className="choice">
        <input type="checkbox" checked={build} onChange={(event) => setBuild(event.target.checked)} />
        For builds, not for the running app
      </label>
      {wrong.length > 0 && <p className="problem">Line {wrong.join(", ")}: this is no NAME=value.</p>}
      <button type="submit" className="button button-tall" disabled={sending || names.length === 0 || wrong.length > 0}>
        {names.length > 1 ? `Set ${names.length} vars` : "Set"}
      </button>
    </form>
  );
}
