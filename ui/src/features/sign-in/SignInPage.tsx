import { lazy, Suspense, useEffect, useState } from "react";
import type { Session } from "../../lib/api";
import { safeNext, useAddress } from "../../lib/route";
import { WaysIn } from "./WaysIn";
import "./sign-in.css";

// After the first paint: what one came to read is there before what moves.
const Cutting = lazy(() => import("./Cutting").then((m) => ({ default: m.Cutting })));

/** Signing in: what DevGem does, and the ways in that it offers. `session` is null until it is known. */
export function SignInPage({ session }: { session: Session | null }) {
  const { searchParams } = useAddress();
  const isPainted = usePainted();
  useEffect(() => {
    document.title = "Sign in to DevGem";
  }, []);
  return (
    <main className="signin">
      <div className="signin-ways">
        <p className="signin-brand">
          <img src="/gem.svg" alt="" width="28" height="28" />
          DevGem
        </p>
        <WaysIn session={session} next={safeNext(searchParams.get("next"))} problem={searchParams.get("problem")} />
      </div>
      <div className="signin-scene">
        <div className="signin-words">
          <h1>Say deploy. Get a link that works.</h1>
          <p>
            DevGem reads your repository, builds it, starts it and asks it for an answer. You get the link once it has given one.
          </p>
        </div>
        <div className="signin-stage">
          {isPainted && (
            <Suspense fallback={null}>
              <Cutting />
            </Suspense>
          )}
        </div>
      </div>
    </main>
  );
}

function usePainted(): boolean {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => {
    let second = 0;
    const first = requestAnimationFrame(() => {
      second = requestAnimationFrame(() => setPainted(true));
    });
    return () => {
      cancelAnimationFrame(first);
      cancelAnimationFrame(second);
    };
  }, []);
  return isPainted;
}
