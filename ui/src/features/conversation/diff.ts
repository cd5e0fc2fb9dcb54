/** A long diff comes in parts: the first with the event that proposes it, the others when they are asked for. */
import { useState } from "react";
import { asProblem, type Problem } from "../../lib/api";
import type { Edit, FileChange, Rest } from "./entries";
import { type Data, number, record, records, text, texts } from "./read";

export interface Part {
  files: FileChange[];
  /** Null when nothing comes after it. */
  rest: Rest | null;
}

export function diff(data: Data): Part {
  const rest = record(data, "rest");
  const next = number(rest, "next");
  return {
    files: records(data, "files").map((file) => ({
      path: text(file, "path"),
      change: text(file, "change"),
      hunks: records(file, "hunks").map((hunk) => ({
        id: text(hunk, "hunk"),
        header: text(hunk, "header"),
        lines: texts(hunk, "lines"),
      })),
    })),
    rest: next === null ? null : { files: number(rest, "files") ?? 0, lines: number(rest, "lines") ?? 0, next },
  };
}

/** A file that goes on in the next part is one file. */
export function joined(files: FileChange[], more: FileChange[]): FileChange[] {
  const [first, ...others] = more;
  const last = files.at(-1);
  if (!first || first.path !== last?.path) return [...files, ...more];
  return [...files.slice(0, -1), { ...last, hunks: [...last.hunks, ...first.hunks] }, ...others];
}

/** The diff as far as it has been looked up, and a way to see all of it. */
export function useDiff(edit: Edit, lookUp: (after: number) => Promise<unknown>) {
  const [shown, setShown] = useState<Part>({ files: edit.files, rest: edit.rest });
  const [problem, setProblem] = useState<Problem | null>(null);
  const [looking, setLooking] = useState(false);
  const showAll = async () => {
    setLooking(true);
    setProblem(null);
    try {
      let part = shown;
      while (part.rest) {
        const next = diff((await lookUp(part.rest.next)) as Data);
        part = { files: joined(part.files, next.files), rest: next.rest };
        setShown(part);
      }
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setLooking(false);
    }
  };
  return { ...shown, problem, looking, showAll: () => void showAll() };
}
