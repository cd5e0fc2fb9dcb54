import { useEffect, useRef, useState } from "react";
import type { LogLine } from "../../lib/log";
import { newsOf } from "./keep";

const EVERY_MS = 8000;

/** Tells a screen reader of new lines, in batches: a build writes faster than anyone speaks. */
export function LogNews({ log, lines }: { log: LogLine[]; lines: number }) {
  const [news, setNews] = useState("");
  const now = useRef({ log, lines });
  useEffect(() => {
    now.current = { log, lines };
  });
  useEffect(() => {
    let told = now.current.lines;
    const timer = setInterval(() => {
      const { log, lines } = now.current;
      if (lines > told && !document.hidden) setNews(newsOf(log, told, lines));
      told = lines;
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="visually-hidden" aria-live="polite">
      {news}
    </p>
  );
}
