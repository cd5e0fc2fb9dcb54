import { type FormEvent, useEffect, useId, useState } from "react";
import { api, asProblem, type GeminiKey, type Problem } from "../../lib/api";

/** The user's own key of the Gemini API: set, replaced, removed; what is set is never shown again. */
export function GeminiKeyForm() {
  const { kept, sending, problem, attempt } = useGeminiKey();
  const [key, setKey] = useState("");
  const id = useId();
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() && (await attempt(() => api.setGeminiKey(key.trim())))) setKey("");
  };
  const remove = () =>
    attempt(async () => {
      await api.removeGeminiKey();
      return { is_set: false, ends_with: "" };
    });
  return (
    <section className="card gemini-key" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>Your own Gemini key</h3>
      <p>When no shared endpoint can answer, your conversations go to the Gemini API with this key, at your cost.</p>
      <p role="status">{kept?.is_set ? `A key is set. It ends with ${kept.ends_with}.` : kept && "No key is set."}</p>
      {problem && (
        <p className="problem" role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
      <form className="gemini-key-form" onSubmit={(event) => void onSubmit(event)}>
        <label className="field" htmlFor={`${id}-key`}>
          {kept?.is_set ? "Another key" : "Key"}
          <input
            id={`${id}-key`}
            type="password"
            autoComplete="off"
            spellCheck={false}
            maxLength={500}
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
        <div className="buttons">
          <button type="submit" className="button button-tall" disabled={sending || key.trim() === ""}>
            {kept?.is_set ? "Replace" : "Set"}
          </button>
          {kept?.is_set && (
            <button type="button" className="button button-tall" disabled={sending} onClick={() => void remove()}>
              Remove
            </button>
          )}
        </div>
      </form>
    </section>
  );
}

function useGeminiKey() {
  const [kept, setKept] = useState<GeminiKey | null>(null);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let isCurrent = true;
    api.geminiKey().then(
      (found) => isCurrent && setKept((known) => known ?? found),
      (error: unknown) => isCurrent && setProblem(asProblem(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  /** Whether it went well. */
  const attempt = async (request: () => Promise<GeminiKey>): Promise<boolean> => {
    setSending(true);
    setProblem(null);
    try {
      setKept(await request());
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setSending(false);
    }
  };
  return { kept, sending, problem, attempt };
}
