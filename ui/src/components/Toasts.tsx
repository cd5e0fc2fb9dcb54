import { useEffect, useState } from "react";
import { Link } from "./Link";

export interface Toast {
  id: string;
  text: string;
  href: string;
  /** Stays until it is dismissed. */
  stays: boolean;
}

const MOST = 3;
const SHOWN_MS = 8000;

interface Props {
  toasts: readonly Toast[];
  onDismiss: (id: string) => void;
}

/** What has happened elsewhere: the newest three, each with the way there. */
export function Toasts({ toasts, onDismiss }: Props) {
  return (
    <div className="toasts" role="status" aria-label="Notifications">
      {toasts.length > 0 && (
        <ul>
          {toasts.slice(-MOST).map((toast) => (
            <Shown key={toast.id} toast={toast} onDismiss={onDismiss} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Shown({ toast: { id, text, href, stays }, onDismiss }: { toast: Toast; onDismiss: Props["onDismiss"] }) {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (stays || isHeld) return;
    const timer = setTimeout(() => onDismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, stays, isHeld, onDismiss]);
  return (
    // Who reads it keeps it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it is only kept from leaving
    <li className="toast" onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)} onFocus={() => setHeld(true)} onBlur={() => setHeld(false)}>
      <Link className="grow" href={href} onClick={() => onDismiss(id)}>
        {text}
      </Link>
      <button type="button" className="button" onClick={() => onDismiss(id)}>
        Dismiss
      </button>
    </li>
  );
}
