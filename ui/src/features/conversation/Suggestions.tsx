import type { Option } from "./completion";

interface Props {
  id: string;
  options: Option[];
  current: number;
  onTake: (option: Option) => void;
}

export const optionId = (list: string, at: number) => `${list}-${at}`;

/** What a message can be completed with; chosen from the field itself, by arrows and Enter. */
export function Suggestions({ id, options, current, onTake }: Props) {
  if (options.length === 0) return null;
  return (
    <div className="suggestions" id={id} role="listbox" aria-label="Suggestions">
      {options.map((option, at) => (
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are those of the field
        <div
          key={option.label}
          id={optionId(id, at)}
          role="option"
          aria-selected={at === current}
          tabIndex={-1}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(option)}
        >
          <strong>{option.label}</strong> <span className="quiet">{option.detail}</span>
        </div>
      ))}
    </div>
  );
}
