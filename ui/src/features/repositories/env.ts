/** Config vars as they are being filled in. */
import { parseEnv } from "../../lib/dotenv";
import type { Asked } from "./calls";

export interface Draft {
  name: string;
  value: string;
  description: string;
  required: boolean;
  generated: boolean;
  secret: boolean;
}

export function draftOf(asked: readonly Asked[]): Draft[] {
  return asked.map(({ name, value, description, required, generated, secret }) => ({ name, value, description, required, generated, secret }));
}

/** The draft with what a .env file says: known names are filled in, others are added. */
export function filledIn(draft: readonly Draft[], text: string): { draft: Draft[]; wrong: number[] } {
  const { vars, wrong } = parseEnv(text);
  const known = new Set(draft.map(({ name }) => name));
  const added = Object.entries(vars).filter(([name]) => !known.has(name));
  return {
    draft: [
      ...draft.map((one) => (Object.hasOwn(vars, one.name) ? { ...one, value: vars[one.name] ?? "", generated: false } : one)),
      ...added.map(([name, value]) => ({ name, value, description: "", required: false, generated: false, secret: true })),
    ],
    wrong,
  };
}

/** The names that must have a value and have none. */
export function missing(draft: readonly Draft[]): string[] {
  return draft.filter(({ required, value }) => required && value === "").map(({ name }) => name);
}

export function varsOf(draft: readonly Draft[]): Record<string, string> {
  return Object.fromEntries(draft.filter(({ value }) => value !== "").map(({ name, value }) => [name, value]));
}
