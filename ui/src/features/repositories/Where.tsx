import { useCallback } from "react";
import { useAsked } from "../../lib/asked";
import { visible } from "../../lib/visible";
import { calls, type Choice } from "./calls";

interface Props {
  slug: string;
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

/** The branch and the folder, where GitHub tells which there are. */
export function Where({ slug, choice, onChoose }: Props) {
  const askBranches = useCallback(() => calls.branches(slug), [slug]);
  const { value: branches } = useAsked(askBranches);
  const ref = choice.ref ?? branches?.[0]?.name ?? "";
  const askFolders = useCallback(() => (ref === "" ? Promise.resolve([]) : calls.folders(slug, ref)), [slug, ref]);
  const { value: folders } = useAsked(askFolders);
  if (!branches || branches.length === 0) return null;
  return (
    <div className="source-form">
      <label className="field">
        Branch
        <select value={ref} onChange={(event) => onChoose({ ...choice, ref: event.target.value, dir: "." })}>
          {!branches.some(({ name }) => name === ref) && <option value={ref}>{visible(ref)}</option>}
          {branches.map(({ name }) => (
            <option key={name} value={name}>
              {visible(name)}
            </option>
          ))}
        </select>
      </label>
      {folders && folders.length > 1 && (
        <label className="field">
          Folder
          <select value={choice.dir} onChange={(event) => onChoose({ ...choice, dir: event.target.value })}>
            {!folders.some(({ dir }) => dir === choice.dir) && <option value={choice.dir}>{visible(choice.dir)}</option>}
            {folders.map(({ dir, summary }) => (
              <option key={dir} value={dir}>
                {dir === "." ? "The whole repository" : visible(dir)}
                {summary && `: ${visible(summary)}`}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}
