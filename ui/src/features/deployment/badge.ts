import type { Deployment } from "../../lib/fold";

/** Markdown for the README of the repository: a button that deploys it. Null for a folder, which nobody else has. */
export function badgeOf({ repository, ref, dir }: Deployment, origin: string): string | null {
  const slug = /^(?:https:\/\/github\.com\/)?([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(repository)?.[1];
  const address = slug ? `https://github.com/${slug}` : /^https:\/\/\S+$/.test(repository) ? repository : null;
  if (address === null || /[()[\]]/.test(address)) return null;
  const search = new URLSearchParams({ repo: address });
  if (ref) search.set("ref", ref);
  if (dir && dir !== ".") search.set("dir", dir);
  return `[![Deploy to DevGem](${origin}/button.svg)](${origin}/new?${search.toString()})`;
}
