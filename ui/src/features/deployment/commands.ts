/** The commands that a fix names: what it begins with, or what stands between backticks and begins as commands do. */
const QUOTED = /`([^`\n]{3,300})`/g;
const LEADING = /^(devgem [\w .=<>-]{3,200}?)(?:\.\.\.)?(?:, |\. |\.?$)/;
const COMMAND = /^(?:devgem|npm|pnpm|yarn|git|pip|uv|docker|gcloud|bundle|go|cargo) \S/;

export function commandsIn(fix: string): string[] {
  const found = [...fix.matchAll(QUOTED)].map((match) => match[1] ?? "").filter((text) => COMMAND.test(text));
  const leading = LEADING.exec(fix)?.[1];
  return [...new Set(leading ? [leading, ...found] : found)];
}
