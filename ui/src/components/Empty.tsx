import type { ReactNode } from "react";

/** A list with nothing in it: what would be here, and what to do so that it is. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-stone" aria-hidden="true" />
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}
