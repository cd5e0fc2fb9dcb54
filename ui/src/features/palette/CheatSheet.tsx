import { Dialog } from "../../components/Dialog";
import { SHORTCUTS } from "../../lib/shortcuts";
import "./palette.css";

const ALWAYS = [["Ctrl K or ⌘ K", "Find an app, a conversation or a command"]] as const;

/** All shortcuts, and how to be rid of them. */
export function CheatSheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label="Keyboard shortcuts" onClose={onClose}>
      <h2>Keyboard shortcuts</h2>
      <dl className="cheats">
        {[...ALWAYS, ...Object.entries(SHORTCUTS)].map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet">They do nothing while you write, and can be switched off in the settings.</p>
      <button type="button" className="button button-tall" onClick={onClose}>
        Close
      </button>
    </Dialog>
  );
}
