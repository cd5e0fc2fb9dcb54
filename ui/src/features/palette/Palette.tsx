import { type KeyboardEvent, useEffect, useId, useMemo, useState } from "react";
import { Dialog } from "../../components/Dialog";
import { matching, type PaletteItem } from "./matching";
import "./palette.css";

interface Props {
  items: readonly PaletteItem[];
  onClose: () => void;
}

/** Everything there is to go to or to do, found by a few letters. */
export function Palette({ items, onClose }: Props) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const found = useMemo(() => matching(items, text), [items, text]);
  const at = Math.min(chosen, Math.max(0, found.length - 1));
  const option = (index: number) => `${id}-${index}`;
  const run = (item: PaletteItem | undefined) => {
    if (!item) return;
    onClose();
    item.run();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) setChosen((at + step + found.length) % found.length);
    else if (event.key === "Enter") run(found[at]);
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView?.({ block: "nearest" });
  }, [id, at]);
  return (
    <Dialog label="Commands" className="palette" onClose={onClose}>
      <input
        // eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog was opened to type here
        autoFocus
        type="text"
        role="combobox"
        aria-label="Search apps, conversations and commands"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found.length > 0 ? option(at) : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder="Where to, or what to do?"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
      />
      <div id={id} className="palette-list" role="listbox" aria-label="Commands">
        {found.map((item, index) => (
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox has the keys
          <div key={item.id} id={option(index)} role="option" tabIndex={-1} aria-selected={index === at} onClick={() => run(item)} onPointerMove={() => setChosen(index)}>
            <span className="grow">{item.label}</span>
            <span className="quiet">{item.hint}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="palette-none quiet">Nothing is called so.</p>}
    </Dialog>
  );
}
