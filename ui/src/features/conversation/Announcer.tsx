import { useEffect, useRef, useState } from "react";
import { announcements } from "./announce";
import type { Entry } from "./entries";

const SETTLED_MS = 1000;
const KEPT = 50;

/** Tells what is new since the page was opened; the history that it opens with is not read out. */
export function Announcer({ entries }: { entries: Entry[] }) {
  const [known, setKnown] = useState<number | null>(null);
  const count = useRef(0);
  useEffect(() => {
    count.current = entries.length;
  }, [entries]);
  useEffect(() => {
    const timer = setTimeout(() => setKnown(count.current), SETTLED_MS);
    return () => clearTimeout(timer);
  }, []);
  const news = known === null ? [] : announcements(entries.slice(known)).slice(-KEPT);
  return (
    <div className="visually-hidden" role="log" aria-label="News" aria-live="polite">
      {news.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}
