import { type FormEvent, useState } from "react";
import { Trouble } from "../../components/Trouble";
import { api } from "../../lib/api";
import { useAttempt } from "../../lib/asked";
import { navigate, paths } from "../../lib/route";
import { calls, type Choice, type Inspection } from "./calls";
import { EnvFields } from "./EnvFields";
import { type Draft, draftOf, missing, varsOf } from "./env";

/** The name and the config vars, and then the deployment of exactly the commit that was looked at. */
export function DeployForm({ found, choice }: { found: Inspection; choice: Choice }) {
  const [name, setName] = useState("");
  const [draft, setDraft] = useState<Draft[]>(() => draftOf(found.env));
  const { sending, problem, attempt } = useAttempt();
  const lacks = missing(draft);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (lacks.length > 0) return;
    await attempt(async () => navigate(await begin(found, choice, name.trim(), varsOf(draft))));
  };
  return (
    <form className="card" aria-label="Deploy" onSubmit={(event) => void submit(event)}>
      <label className="field">
        Name of the app, empty for one that is made from the repository
        <input value={name} maxLength={63} pattern="[a-z0-9]([a-z0-9-]*[a-z0-9])?" title="small letters, digits and hyphens" autoComplete="off" onChange={(event) => setName(event.target.value)} />
      </label>
      <EnvFields draft={draft} onChange={setDraft} />
      <Trouble problem={problem} />
      {lacks.length > 0 && <p className="quiet">Still to fill in: {lacks.join(", ")}.</p>}
      <button type="submit" className="button button-primary" disabled={sending || lacks.length > 0}>
        {sending ? "Asking for it" : "Deploy"}
      </button>
    </form>
  );
}

/** Where to go to watch it. Values of config vars are never said in a conversation, which is kept as it was said. */
async function begin(found: Inspection, choice: Choice, name: string, env: Record<string, string>): Promise<string> {
  const isPlain = Object.keys(env).length === 0 && choice.dir === "." && choice.ref === null && name === "";
  if (isPlain && !/\s/.test(choice.source)) {
    const { id } = await api.openConversation();
    await api.say(id, { text: `deploy ${choice.source}`, client_id: crypto.randomUUID() });
    return paths.conversation(id);
  }
  const ref = found.commit.dirty ? choice.ref : found.commit.sha || choice.ref;
  const { id } = await calls.deploy({ source: choice.source, ref, dir: choice.dir, name: name || null, env });
  return paths.deployment(id);
}
