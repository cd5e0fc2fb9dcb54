import type { Session } from "../../lib/api";

/** Signing in: what DevGem does, and the ways in that it offers. */
export function SignInPage({ session }: { session: Session | null }) {
  return (
    <main className="notice">
      <h1>Sign in</h1>
      {session && (
        <p>
          Open the link that <code>devgem up</code> printed, or run <code>devgem open</code> for a new one.
        </p>
      )}
    </main>
  );
}
