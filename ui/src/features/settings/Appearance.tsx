import { choose, type Settings, useSettings } from "../../lib/settings";

const THEMES = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
] as const satisfies readonly (readonly [Settings["theme"], string])[];

/** Theme, motion and shortcuts, kept in this browser. */
export function Appearance() {
  const { theme, motion, shortcuts } = useSettings();
  return (
    <section className="card" aria-label="Appearance">
      <h3>Appearance</h3>
      <fieldset className="choices">
        <legend>Theme</legend>
        {THEMES.map(([value, label]) => (
          <label key={value}>
            <input type="radio" name="theme" checked={theme === value} onChange={() => choose({ theme: value })} />
            {label}
          </label>
        ))}
      </fieldset>
      <label className="choice">
        <input type="checkbox" checked={motion === "still"} onChange={(event) => choose({ motion: event.target.checked ? "still" : "system" })} />
        Keep everything still, also where the system does not ask for it
      </label>
      <label className="choice">
        <input type="checkbox" checked={shortcuts} onChange={(event) => choose({ shortcuts: event.target.checked })} />
        Keyboard shortcuts
      </label>
    </section>
  );
}
