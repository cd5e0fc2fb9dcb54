import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Link } from "../../components/Link";
import { api, asProblem, type Inspection, type Problem } from "../../lib/api";
import { navigate, paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import type { Asked } from "./address";

type EnvAsked = Inspection["env"][number];

const LOOKS_SECRET = /PASS|SECRET|TOKEN|KEY|DSN|CREDENTIAL|PRIVATE|SALT|PWD/i;

/** What is asked of the user, and the one request that deploys what was shown. */
export function ConsentForm({ asked, found, dir }: { asked: Asked; found: Inspection; dir: string }) {
  const fields = fieldsOf(asked, found);
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(fields.map((field) => [field.name, first(field)])));
  const [name, setName] = useState(asked.name);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [sending, setSending] = useState(false);
  const cancel = useRef<HTMLSpanElement>(null);
  const id = useId();
  const isUnknown = !found.own && found.first_seen;
  useEffect(() => {
    // Enter must not deploy the code of somebody unknown; what is above stays in sight.
    if (isUnknown) cancel.current?.querySelector("a")?.focus({ preventScroll: true });
  }, [isUnknown]);
  const deploy = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    try {
      const env = Object.fromEntries(fields.filter((field) => !field.generated && (values[field.name] ?? "") !== first(field)).map((field) => [field.name, values[field.name] ?? ""]));
      const generate = fields.filter((field) => field.generated).map((field) => field.name);
      const started = await api.deployAgreed({ source: asked.repo, ref: found.commit.sha, dir, name: name.trim() || null, env, generate });
      navigate(paths.conversation(started.conversation));
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  };
  return (
    <form className="card consent-form" onSubmit={(event) => void deploy(event)} aria-label="Deploy">
      <label className="field" htmlFor={`${id}-name`}>
        Name of the app
        <input id={`${id}-name`} value={name} maxLength={40} placeholder="as the repository suggests" autoComplete="off" spellCheck={false} onChange={(event) => setName(event.target.value)} />
      </label>
      {fields.map((field) => (
        <EnvField key={field.name} field={field} value={values[field.name] ?? ""} onChange={(value) => setValues({ ...values, [field.name]: value })} />
      ))}
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      <div className="buttons">
        <span ref={cancel}>
          <Link href="/apps" className="button button-tall">
            Cancel
          </Link>
        </span>
        <button type="submit" className="button button-primary" disabled={sending}>
          {sending ? "Deploying" : `Deploy ${found.commit.sha.slice(0, 7)}`}
        </button>
      </div>
    </form>
  );
}

function EnvField({ field, value, onChange }: { field: EnvAsked; value: string; onChange: (value: string) => void }) {
  const id = useId();
  const about = `${id}-about`;
  if (field.generated) {
    return (
      <div className="field">
        <code>{field.name}</code>
        <p className="quiet">{visible(field.description)} A secret is made for it when you deploy, unless the app has one.</p>
      </div>
    );
  }
  return (
    <label className="field" htmlFor={id}>
      <span>
        <code>{field.name}</code> {!field.required && <span className="quiet">optional</span>}
      </span>
      <input
        id={id}
        type={field.secret ? "password" : "text"}
        value={value}
        required={field.required}
        aria-describedby={about}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
      <span id={about} className="quiet">
        {visible(field.description)}
      </span>
    </label>
  );
}

/** What app.json asks for, then what only the address does. */
function fieldsOf(asked: Asked, found: Inspection): EnvAsked[] {
  const known = new Set(found.env.map((field) => field.name));
  const more = asked.env.filter((name) => !known.has(name));
  return [...found.env, ...more.map((name) => ({ name, description: "", required: false, value: "", generated: false, secret: LOOKS_SECRET.test(name) }))];
}

function first(field: EnvAsked): string {
  return field.generated ? "" : field.value;
}
