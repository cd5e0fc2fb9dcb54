/** What a message can be completed with while it is written: commands after "/", names of apps after "@". */

export interface Option {
  label: string;
  detail: string;
  /** What takes the place of what is typed. */
  text: string;
  /** A page to go to instead. */
  to?: string;
}

export interface Completion {
  from: number;
  to: number;
  options: Option[];
}

/** Commands are words that DevGem understands anyway: they are written out, so that one can see what is sent. */
const COMMANDS: Option[] = [
  { label: "/deploy", detail: "a repository or a folder", text: "deploy " },
  { label: "/redeploy", detail: "an app, from its newest commit", text: "redeploy " },
  { label: "/logs", detail: "what an app says", text: "show the logs of " },
  { label: "/rollback", detail: "an app to its revision before", text: "roll back " },
  { label: "/restart", detail: "an app", text: "restart " },
  { label: "/env", detail: "set a config var of an app", text: "set " },
  { label: "/explain", detail: "why the last deployment failed", text: "why did it fail?" },
  { label: "/help", detail: "what can be asked for", text: "help" },
  { label: "/new", detail: "choose a repository", text: "", to: "/new-app" },
  { label: "/apps", detail: "all apps", text: "", to: "/apps" },
  { label: "/quota", detail: "the quota board", text: "", to: "/quota" },
];
const MOST = 8;

export function completionOf(text: string, caret: number, apps: string[]): Completion | null {
  const before = text.slice(0, caret);
  const command = /^\/([a-z]*)$/i.exec(before);
  if (command) return offered(0, caret, COMMANDS.filter(({ label }) => label.startsWith(before.toLowerCase())));
  const mention = /(?:^|\s)@([\w-]*)$/.exec(before);
  if (!mention) return null;
  const typed = (mention[1] ?? "").toLowerCase();
  const found = apps.filter((app) => app.toLowerCase().includes(typed));
  const byStart = found.toSorted((a, b) => Number(b.startsWith(typed)) - Number(a.startsWith(typed)));
  return offered(caret - typed.length - 1, caret, byStart.map((app) => ({ label: `@${app}`, detail: "app", text: `${app} ` })));
}

function offered(from: number, to: number, options: Option[]): Completion | null {
  return options.length === 0 ? null : { from, to, options: options.slice(0, MOST) };
}

/** Whether the names of apps are wanted. */
export function mentions(text: string): boolean {
  return /(?:^|\s)@/.test(text);
}

export function completed(text: string, { from, to }: Completion, option: Option): string {
  return text.slice(0, from) + option.text + text.slice(to).replace(/^ /, "");
}
