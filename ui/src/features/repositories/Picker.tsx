import { useEffect, useState } from "react";
import { Empty } from "../../components/Empty";
import { Trouble } from "../../components/Trouble";
import { useAttempt } from "../../lib/asked";
import { ago } from "../../lib/format";
import { visible } from "../../lib/visible";
import { calls, type Repository, type RepositoryPage } from "./calls";

const TYPING_MS = 250;

/** The repositories that one can reach on GitHub, those pushed to last first. */
export function Picker({ onPick }: { onPick: (source: string, branch: string) => void }) {
  const [q, setQ] = useState("");
  const [owner, setOwner] = useState("");
  const { found, page, sending, problem, more } = useRepositories(q, owner);
  return (
    <section className="picker" aria-label="Your repositories">
      <h3>Your repositories</h3>
      <div className="source-form">
        <label className="field grow">
          Search
          <input type="search" value={q} maxLength={200} onChange={(event) => setQ(event.target.value)} />
        </label>
        {page && page.owners.length > 1 && (
          <label className="field">
            Owner
            <select value={owner} onChange={(event) => setOwner(event.target.value)}>
              <option value="">All</option>
              {page.owners.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Trouble problem={problem} />
      {page?.note && <p className="note">{visible(page.note)}</p>}
      {page?.stale && <p className="note">This list is of {ago(page.as_of)}.</p>}
      {found?.length === 0 && !problem && (
        <Empty title={q ? "No repository is called so." : "No repository is to be seen here."}>
          <p>Any public one can be deployed by its address above.</p>
        </Empty>
      )}
      <ul className="rows repositories" aria-busy={sending}>
        {found?.map((one) => (
          <Row key={one.slug} repository={one} onPick={() => onPick(one.slug, one.default_branch)} />
        ))}
      </ul>
      {page?.next_cursor && (
        <button type="button" className="button" disabled={sending} onClick={more}>
          Show more
        </button>
      )}
      {page?.missing_url && (
        <p className="quiet">
          Is one missing?{" "}
          <a href={page.missing_url} target="_blank" rel="noopener noreferrer">
            Change what DevGem may see on {hostOf(page.missing_url)}
          </a>
        </p>
      )}
    </section>
  );
}

function Row({ repository: one, onPick }: { repository: Repository; onPick: () => void }) {
  return (
    <li>
      <span className="grow">
        <strong>{visible(one.slug)}</strong> {one.private && <span className="badge">private</span>}
        {one.description && <span className="quiet repository-says">{visible(one.description)}</span>}
      </span>
      <span className="quiet">{[one.language && visible(one.language), one.pushed_at && `pushed ${ago(one.pushed_at)}`].filter(Boolean).join(", ")}</span>
      <button type="button" className="button" aria-label={`Pick ${one.slug}`} onClick={onPick}>
        Pick
      </button>
    </li>
  );
}

/** What fits the search, a page after the other; an answer that a later search has overtaken is dropped. */
function useRepositories(q: string, owner: string) {
  const [found, setFound] = useState<Repository[] | null>(null);
  const [page, setPage] = useState<RepositoryPage | null>(null);
  const { sending, problem, attempt } = useAttempt();
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      void attempt(async () => {
        const first = await calls.repositories({ q: q.trim(), owner, cursor: "" });
        if (!isCurrent) return;
        setFound(first.items);
        setPage(first);
      });
    }, q === "" ? 0 : TYPING_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [q, owner, attempt]);
  const more = () =>
    void attempt(async () => {
      const next = await calls.repositories({ q: q.trim(), owner, cursor: page?.next_cursor ?? "" });
      setFound((known) => [...(known ?? []), ...next.items]);
      setPage(next);
    });
  return { found, page, sending, problem, more };
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "GitHub";
  }
}
