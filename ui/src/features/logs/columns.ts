import { type RefObject, useEffect, useState } from "react";

/** Pixels of a character and of what stands before a line, as logs.css has them. */
const CHARACTER_PX = 7.83;
const BEFORE_PX = 84;
const TIME_PX = 84;
const FEWEST = 10;

/** How many characters fit beside each other. */
export function useColumns(box: RefObject<HTMLDivElement | null>, hasTimes: boolean): number {
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth || 800));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return Math.max(FEWEST, Math.floor((width - BEFORE_PX - (hasTimes ? TIME_PX : 0)) / CHARACTER_PX));
}
