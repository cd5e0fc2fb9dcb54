import type { KeyboardEvent } from "react";

/** Does what a key stands for, while the log has the focus and no other key is held. */
export function onKeys(act: Record<string, () => void>) {
  return (event: KeyboardEvent) => {
    const found = event.ctrlKey || event.metaKey || event.altKey ? undefined : act[event.key];
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    found();
  };
}
