import { type FormEvent, useId, useState } from "react";
import { api, asProblem, type Problem } from "../../lib/api";

/** The way in for who has a token of GitHub and no browser consent to give. */
export function TokenForm({ next }: { next: string }) {
  const [token, setToken] = useState("");
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const id = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() === "") return;
    setSending(true);
    setProblem(null);
    try {
      await api.signInByToken(token.trim());
      location.assign(next);
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  };
  return (
    <details className="signin-more">
      <summary>Use a token instead</summary>
      <form className="signin-token" onSubmit={(event) => void submit(event)}>
        <label className="field" htmlFor={id}>
          A personal access token of GitHub
          <input
            id={id}
            type="password"
            autoComplete="off"
            spellCheck={false}
            maxLength={500}
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        {problem && (
          <p className="problem" role="alert">
            {problem.message} {problem.fix}
          </p>
        )}
        <button type="submit" className="button button-tall" disabled={sending || token.trim() === ""}>
          Sign in
        </button>
      </form>
    </details>
  );
}
