/** The user's apps, asked for once a page and anew whenever something happens to one of them. */
import { createContext, useContext, useEffect, useState } from "react";
import { api, type App, asProblem, type Problem } from "./api";
import { useStream } from "./stream";

export interface Apps {
  /** null until they are known. */
  apps: App[] | null;
  problem: Problem | null;
}

export const AppsContext = createContext<Apps>({ apps: null, problem: null });

export function useApps(): Apps {
  return useContext(AppsContext);
}

const count = (so_far: number) => so_far + 1;

/** What AppsContext holds; for the one place that provides it. */
export function useAppsFromServer(): Apps {
  const changes = useStream("apps", count, 0);
  const [found, setFound] = useState<Apps>({ apps: null, problem: null });
  useEffect(() => {
    let isCurrent = true;
    api.apps().then(
      (apps) => isCurrent && setFound({ apps, problem: null }),
      (error: unknown) => isCurrent && setFound(({ apps }) => ({ apps, problem: asProblem(error) })),
    );
    return () => {
      isCurrent = false;
    };
  }, [changes]);
  return found;
}
