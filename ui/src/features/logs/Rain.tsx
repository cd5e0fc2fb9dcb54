import { useEffect, useRef } from "react";
import { isStill } from "../../lib/settings";
import type { Drizzle } from "./rain";

/** A flood is not decorated. */
const FLOOD_LINES_PER_SECOND = 500;

/** The signs that fall as lines arrive; loaded when there are lines to decorate, and never needed. */
export function Rain({ lines }: { lines: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rain = useRef<Drizzle | null>(null);
  const seen = useRef({ lines, at: 0 });
  useEffect(() => {
    let isGone = false;
    if (isStill()) return;
    void import("./rain").then(({ drizzle }) => {
      const element = canvas.current;
      if (!isGone && element) rain.current = drizzle(element, getComputedStyle(element).color);
    });
    return () => {
      isGone = true;
      rain.current?.stop();
      rain.current = null;
    };
  }, []);
  useEffect(() => {
    const now = performance.now();
    const { lines: before, at } = seen.current;
    const perSecond = ((lines - before) * 1000) / Math.max(16, now - at);
    seen.current = { lines, at: now };
    if (lines > before && perSecond <= FLOOD_LINES_PER_SECOND) rain.current?.fall(lines - before);
  }, [lines]);
  return <canvas ref={canvas} className="log-rain" aria-hidden="true" />;
}
