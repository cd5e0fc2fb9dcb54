import { type ChangeEvent, type ClipboardEvent, useId, useState } from "react";
import { visible } from "../../lib/visible";
import { type Draft, filledIn } from "./env";

interface Props {
  draft: readonly Draft[];
  onChange: (draft: Draft[]) => void;
}

const MOST_BYTES = 200_000;

/** The config vars that are asked for, and any others: typed, pasted, or read from a .env file. */
export function EnvFields({ draft, onChange }: Props) {
  const [said, setSaid] = useState("");
  const id = useId();
  const take = (text: string) => {
    const { draft: next, wrong } = filledIn(draft, text);
    onChange(next);
    setSaid(wrong.length > 0 ? `Line ${wrong.join(", ")} is no NAME=value and was left out.` : "Taken over.");
  };
  const upload = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (!file) return;
    if (file.size > MOST_BYTES) setSaid("This file is too large for a .env file.");
    else take(await file.text());
  };
  const paste = (event: ClipboardEvent<HTMLTextAreaElement>) => {
    event.preventDefault();
    take(event.clipboardData.getData("text"));
  };
  return (
    <fieldset className="env-fields">
      <legend>Config vars</legend>
      {draft.length === 0 && <p className="quiet">The repository asks for none.</p>}
      {draft.map((one) => (
        <Field key={one.name} one={one} onChange={(value) => onChange(draft.map((other) => (other === one ? { ...one, value, generated: false } : other)))} />
      ))}
      <div className="source-form">
        <label className="field grow" htmlFor={`${id}-paste`}>
          Paste a .env file
          <textarea id={`${id}-paste`} rows={1} value="" readOnly={false} onChange={(event) => take(event.target.value)} onPaste={paste} />
        </label>
        <label className="field" htmlFor={`${id}-file`}>
          or upload one
          <input id={`${id}-file`} type="file" accept=".env,text/plain" onChange={(event) => void upload(event)} />
        </label>
      </div>
      <p role="status" className="quiet">
        {said}
      </p>
    </fieldset>
  );
}

function Field({ one, onChange }: { one: Draft; onChange: (value: string) => void }) {
  const id = useId();
  const notes = [one.description && visible(one.description), one.generated && "a secret was generated", one.required ? "must have a value" : ""].filter(Boolean);
  return (
    <div className="field">
      <label htmlFor={id}>
        <code>{visible(one.name)}</code>
      </label>
      <input
        id={id}
        type={one.secret || one.generated ? "password" : "text"}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={notes.length > 0 ? `${id}-notes` : undefined}
        value={one.value}
        onChange={(event) => onChange(event.target.value)}
      />
      {notes.length > 0 && (
        <span id={`${id}-notes`} className="quiet">
          {notes.join(", ")}
        </span>
      )}
    </div>
  );
}
