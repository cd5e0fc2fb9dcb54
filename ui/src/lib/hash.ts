import { useSyncExternalStore } from "react";

/** Where the page is: what stands behind the # of its address, such as "/conversations/cnv_1". */
export function useHash(): string {
  return useSyncExternalStore(listen, () => decode(location.hash.slice(1)));
}

function listen(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
