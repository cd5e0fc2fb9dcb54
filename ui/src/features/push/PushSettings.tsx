import { type FormEvent, useEffect, useId, useState } from "react";
import { api, asProblem, type AppSettings, type Problem } from "../../lib/api";
import "./push.css";

interface Form {
  push: boolean;
  branch: string;
  watch: string;
  previews: boolean;
}

/** Which pushes deploy an app, and whether its pull requests are shown. */
export function PushSettings({ app }: { app: string }) {
  const { kept, problem, saving, saved, save } = useSettings(app);
  if (kept === null) {
    return problem ? <Trouble problem={problem} /> : <div className="card card-waiting" aria-busy="true" />;
  }
  return <SettingsForm key={JSON.stringify(kept)} kept={kept} problem={problem} saving={saving} saved={saved} save={save} />;
}

interface FormProps {
  kept: AppSettings;
  problem: Problem | null;
  saving: boolean;
  saved: boolean;
  save: (change: Parameters<typeof api.changeAppSettings>[1]) => void;
}

function SettingsForm({ kept, problem, saving, saved, save }: FormProps) {
  const [form, setForm] = useState<Form>(() => formOf(kept));
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const watch_paths = form.watch.split("\n");
    save({ push: { enabled: form.push, branch: form.branch.trim() || null, watch_paths }, previews: { enabled: form.previews } });
  };
  return (
    <form className="card push-form" onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>Push to deploy</h3>
      {kept.push_paused && (
        <div className="push-paused" role="status">
          <p>Pushes are paused since a rollback. They go on with the next deployment that is no push, or when you say so.</p>
          <button type="button" className="button button-tall" disabled={saving} onClick={() => save({ push_paused: false })}>
            Take pushes again
          </button>
        </div>
      )}
      <Check label="Deploy what is pushed" value={form.push} onChange={(push) => setForm({ ...form, push })} />
      <label className="field" htmlFor={`${id}-branch`}>
        Branch
        <input id={`${id}-branch`} value={form.branch} placeholder="the one it was deployed from" maxLength={250} autoComplete="off" spellCheck={false} onChange={(event) => setForm({ ...form, branch: event.target.value })} />
      </label>
      <label className="field" htmlFor={`${id}-watch`}>
        Watch paths, one a line
        <textarea id={`${id}-watch`} rows={4} value={form.watch} placeholder={"apps/web/**\n!**/*.md"} spellCheck={false} aria-describedby={`${id}-about`} onChange={(event) => setForm({ ...form, watch: event.target.value })} />
        <span id={`${id}-about`} className="quiet">
          Only pushes that change such files deploy. Without any, every push does.
        </span>
      </label>
      <Check label="Show pull requests at an address of their own" value={form.previews} onChange={(previews) => setForm({ ...form, previews })} />
      {problem && <Trouble problem={problem} />}
      <div className="buttons">
        <button type="submit" className="button button-tall" disabled={saving}>
          Save
        </button>
        <span role="status" className="quiet">
          {saved && "Saved."}
        </span>
      </div>
    </form>
  );
}

function Check({ label, value, onChange }: { label: string; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label className="push-check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}

function Trouble({ problem }: { problem: Problem }) {
  return (
    <p className="problem" role="alert">
      {problem.message} {problem.fix}
    </p>
  );
}

function formOf(kept: AppSettings): Form {
  const { push, previews } = kept;
  return { push: push.enabled, branch: push.branch ?? "", watch: push.watch_paths.join("\n"), previews: previews.enabled };
}

function useSettings(app: string) {
  const [kept, setKept] = useState<AppSettings | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [saving, setSaving] = useState(false);
  const [saved, setSaved] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    api.appSettings(app).then(
      (found) => isCurrent && setKept(found),
      (error: unknown) => isCurrent && setProblem(asProblem(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [app]);
  const save: FormProps["save"] = (change) => {
    setSaving(true);
    setSaved(false);
    setProblem(null);
    api
      .changeAppSettings(app, change)
      .then(
        (found) => {
          setKept(found);
          setSaved(true);
        },
        (error: unknown) => setProblem(asProblem(error)),
      )
      .finally(() => setSaving(false));
  };
  return { kept, problem, saving, saved, save };
}
