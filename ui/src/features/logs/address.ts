import { useEffect, useRef } from "react";
import { linesIn, type Range } from "./search";

/** Goes to the lines that the address names, as soon as they are there, and again when it changes. */
export function useAddress(isPage: boolean, lines: number, onLines: (range: Range) => void): void {
  const wanted = useRef<string | null>(null);
  const go = useRef(onLines);
  useEffect(() => {
    go.current = onLines;
  });
  useEffect(() => {
    if (!isPage) return;
    const look = () => {
      wanted.current = location.hash;
    };
    look();
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, [isPage]);
  useEffect(() => {
    const range = wanted.current === null ? null : linesIn(wanted.current);
    if (!range || range[1] >= lines) return;
    wanted.current = null;
    go.current(range);
  }, [lines]);
}
