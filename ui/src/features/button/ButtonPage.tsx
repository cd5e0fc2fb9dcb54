import { useId, useState } from "react";
import { CopyButton } from "../../components/CopyButton";
import { ALT, addresses, type Choice, FORMATS, type Format, snippet, STYLES, THEMES } from "./snippets";
import "./button.css";

const NOTHING: Choice = { repo: "", ref: "", dir: "", name: "", env: "", style: "default", theme: "dark" };
const FIELDS = [
  ["repo", "Repository", "owner/repo"],
  ["ref", "Branch, tag or commit", "the default branch"],
  ["dir", "Folder", "the root"],
  ["name", "Name of the app", "as the repository suggests"],
  ["env", "Config vars to ask for", "SESSION_SECRET, API_URL"],
] as const;

/** The snippet that puts a button in a README. */
export function ButtonPage() {
  const [choice, setChoice] = useState(NOTHING);
  const [format, setFormat] = useState<Format>("Markdown");
  const where = addresses(location.origin, choice);
  const text = snippet(format, where);
  const set = (change: Partial<Choice>) => setChoice({ ...choice, ...change });
  return (
    <section className="page generator" aria-label="Button for a README">
      <h2>A button for your README</h2>
      <p className="quiet">Who clicks on it sees what would be deployed, and deploys it here with one more click.</p>
      <div className="generator-parts">
        <form className="card" aria-label="Button" onSubmit={(event) => event.preventDefault()}>
          {FIELDS.map(([name, label, placeholder]) => (
            <TextField key={name} label={label} placeholder={placeholder} value={choice[name]} onChange={(value) => set({ [name]: value })} />
          ))}
          <Choices legend="Style" options={STYLES} value={choice.style} onChange={(style) => set({ style })} />
          <Choices legend="Ground" options={THEMES} value={choice.theme} onChange={(theme) => set({ theme })} />
        </form>
        <div className="card">
          <p className={`generator-preview generator-${choice.theme}`}>
            <img src={where.image.slice(location.origin.length)} alt={ALT} />
          </p>
          <Choices legend="Format" options={FORMATS} value={format} onChange={setFormat} />
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
          <pre className="evidence" tabIndex={0} aria-label="Snippet">
            {choice.repo.trim() === "" ? "Name a repository first." : text}
          </pre>
          {choice.repo.trim() !== "" && (
            <div className="buttons">
              <CopyButton text={text} />
              <a className="button" href={where.target}>
                Try it
              </a>
            </div>
          )}
          {/^(localhost|127\.|\[)/.test(location.hostname) && (
            <p className="note">This address is known on this machine only. Open this page where others reach DevGem.</p>
          )}
        </div>
      </div>
    </section>
  );
}

interface TextFieldProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

function TextField({ label, placeholder, value, onChange }: TextFieldProps) {
  const id = useId();
  return (
    <label className="field" htmlFor={id}>
      {label}
      <input id={id} value={value} placeholder={placeholder} autoComplete="off" spellCheck={false} maxLength={1000} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

interface ChoicesProps<T extends string> {
  legend: string;
  options: readonly T[];
  value: T;
  onChange: (value: T) => void;
}

function Choices<T extends string>({ legend, options, value, onChange }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className="generator-choices">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option}>
          <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
          {option}
        </label>
      ))}
    </fieldset>
  );
}
