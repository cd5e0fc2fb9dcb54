import { type RefObject, useEffect, useState } from "react";
import { createPortal } from "react-dom";
import type { Deployment } from "../../lib/fold";
import { seconds } from "../../lib/format";
import { doneShare, facets, sinceMs, stepNow } from "./progress";

/** Where indicators are shown: the conversation has such a place above the composer. */
const DOCK = "dock";

/** Whether something that goes on has been scrolled away from. */
export function useOutOfSight(element: RefObject<HTMLElement | null>, isGoing: boolean): boolean {
  const [isOut, setOut] = useState(false);
  useEffect(() => {
    const { current } = element;
    if (!isGoing || !current || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(([entry]) => setOut(entry?.isIntersecting === false));
    observer.observe(current);
    return () => {
      observer.disconnect();
      setOut(false);
    };
  }, [element, isGoing]);
  return isOut;
}

/** What a deployment is at while its card is out of sight; leads back to it. */
export function Mini({ deployment, now, onBack }: { deployment: Deployment; now: number; onBack: () => void }) {
  const dock = document.getElementById(DOCK);
  if (!dock) return null;
  const done = doneShare(facets(deployment, now));
  return createPortal(
    <button type="button" className="mini" onClick={onBack} aria-label={`Back to the deployment of ${deployment.app}`}>
      <span className="mini-gem" aria-hidden="true">
        ◈
      </span>
      <strong>{deployment.app}</strong>
      <span className="quiet">{stepNow(deployment)}</span>
      <span className="quiet numbers">{seconds(sinceMs(deployment.requested_at, now) / 1000)}</span>
      <span className="mini-bar" aria-hidden="true">
        <span style={{ transform: `scaleX(${done.toFixed(3)})` }} />
      </span>
    </button>,
    dock,
  );
}
