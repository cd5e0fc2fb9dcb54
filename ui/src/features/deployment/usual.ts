import { useEffect, useState } from "react";
import { api } from "../../lib/api";
import { median } from "./progress";

const LATEST = 5;

/** What the latest successful deployments of an app took, in seconds; null where there were none. */
export function useUsual(app: string | null): number | null {
  const [usual, setUsual] = useState<number | null>(null);
  useEffect(() => {
    if (app === null) return;
    let isCurrent = true;
    api.deploymentsOf(app).then(
      (all) => {
        const took = all.filter(({ status }) => status === "live").slice(0, LATEST);
        if (isCurrent) setUsual(median(took.map(({ seconds }) => seconds ?? 0)));
      },
      // An app without a past has no usual time.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [app]);
  return usual;
}
