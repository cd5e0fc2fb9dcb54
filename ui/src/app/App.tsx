import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { SignInPage } from "../features/sign-in/SignInPage";
import { api, type Session } from "../lib/api";
import { navigate, paths, safeNext, useAddress, useRoute } from "../lib/route";

const Workbench = lazy(() => import("./Workbench").then(({ Workbench }) => ({ default: Workbench })));

/** Who is signed in sees the workbench, who is not the sign-in page, and comes back to where they wanted to go. */
export function App() {
  const [session, setSession] = useState<Session | "unreachable" | null>(null);
  const address = useAddress();
  const isSignIn = useRoute().page === "signin";
  useEffect(() => {
    api.session().then(setSession, () => setSession("unreachable"));
  }, []);
  const isKnown = session !== null && session !== "unreachable";
  const here = address.pathname + address.search + address.hash;
  const due = isKnown ? whereTo(session.signed_in, isSignIn, here, address.searchParams.get("next")) : null;
  useEffect(() => {
    if (due !== null) navigate(due, { replace: true });
  }, [due]);
  if (session === "unreachable") {
    return (
      <Notice title="DevGem does not answer">
        Start it with <code>devgem up</code>, then reload this page.
      </Notice>
    );
  }
  if (isSignIn || (isKnown && !session.signed_in)) return <SignInPage session={session} />;
  if (!isKnown) return null;
  return (
    <Suspense fallback={null}>
      <Workbench session={session} />
    </Suspense>
  );
}

function whereTo(signedIn: boolean, isSignIn: boolean, here: string, next: string | null): string | null {
  if (signedIn && isSignIn) return safeNext(next);
  if (!signedIn && !isSignIn) return paths.signIn(here);
  return null;
}

function Notice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="notice">
      <img src="/gem.svg" alt="" width="64" height="64" />
      <h1>{title}</h1>
      <p>{children}</p>
    </main>
  );
}
