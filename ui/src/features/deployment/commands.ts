/** The commands that a fix names: what stands between backticks and begins as a command of ours, or of the shell, does. */
const QUOTED = /`([^`\n]{3,300})`/g;
const COMMAND = /^(?:devgem|npm|pnpm|yarn|git|pip|uv|docker|gcloud|bundle|go|cargo) \S/;

export function commandsIn(fix: string): string[] {
  const found = [...fix.matchAll(QUOTED)].map((match) => match[1] ?? "").filter((text) => COMMAND.test(text));
  return [...new Set(found)];
}
