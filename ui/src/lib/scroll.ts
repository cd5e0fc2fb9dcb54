import { useCallback, useEffect, useRef } from "react";

const NEAR_PX = 60;

/** Keeps the end in view as the content grows, for as long as the reader has not scrolled away from it. */
export function useStickToEnd() {
  const view = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const toEnd = useCallback(() => {
    sticks.current = true;
    if (view.current) view.current.scrollTop = view.current.scrollHeight;
  }, []);
  useEffect(() => {
    const box = view.current;
    if (!box || !content.current) return;
    sticks.current = true;
    let top = box.scrollTop;
    const onScroll = () => {
      // What has grown since we scrolled is no sign of the reader, who alone scrolls up.
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      sticks.current = isNear || (sticks.current && box.scrollTop >= top);
      top = box.scrollTop;
    };
    const observer = new ResizeObserver(() => {
      if (sticks.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(content.current);
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, []);
  return { view, content, toEnd };
}
