import { type FormEvent, useState } from "react";

/** Any address of a repository, and the sample that comes with DevGem. */
export function SourceForm({ onPick }: { onPick: (source: string) => void }) {
  const [source, setSource] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (source.trim() !== "") onPick(source.trim());
  };
  return (
    <form className="source-form" onSubmit={submit}>
      <label className="field grow">
        Address of a repository
        <input
          value={source}
          placeholder="owner/name, a git URL, or a folder of this machine"
          maxLength={2000}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setSource(event.target.value)}
        />
      </label>
      <button type="submit" className="button button-tall" disabled={source.trim() === ""}>
        Look at it
      </button>
      <button type="button" className="button button-tall" onClick={() => onPick("sample")}>
        Take the sample
      </button>
    </form>
  );
}
