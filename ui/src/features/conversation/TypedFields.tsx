import { useId } from "react";
import type { Approval } from "./entries";

interface Props {
  approval: Approval;
  typedName: string;
  onName: (typed: string) => void;
  values: Record<string, string>;
  onValues: (values: Record<string, string>) => void;
}

/** What an approval wants typed: the name of what is to be destroyed, or values that no model may see. */
export function TypedFields({ approval, typedName, onName, values, onValues }: Props) {
  const id = useId();
  return (
    <>
      {approval.fields.map(({ name, secret }) => (
        <label key={name} className="field" htmlFor={`${id}-${name}`}>
          {name}
          {/* A text area and no password field: keys have more than one line, and browsers are not to keep them. */}
          <textarea
            id={`${id}-${name}`}
            className={secret ? "masked" : ""}
            rows={1}
            autoComplete="off"
            spellCheck={false}
            value={values[name] ?? ""}
            onChange={(event) => onValues({ ...values, [name]: event.target.value })}
          />
        </label>
      ))}
      {approval.typedName !== null && (
        <label className="field" htmlFor={`${id}-typed-name`}>
          <span>
            Type <code>{approval.typedName}</code> to go on
          </span>
          <input
            id={`${id}-typed-name`}
            autoComplete="off"
            spellCheck={false}
            value={typedName}
            onChange={(event) => onName(event.target.value)}
          />
        </label>
      )}
    </>
  );
}
