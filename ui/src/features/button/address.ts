/** What the address of a button asks for; whatever else is in it is ignored, and told. */

export interface Asked {
  repo: string;
  ref: string;
  dir: string;
  name: string;
  /** Names of config vars. */
  env: string[];
  /** Parameters that mean nothing here. */
  ignored: string[];
  /** Config vars that the address gives values of: an address is kept in histories and logs, so they are not used. */
  valued: string[];
  /** Why the repository cannot be one of a button; empty when it can. */
  refused: string;
}

const KNOWN = new Set(["repo", "ref", "dir", "name", "env"]);
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MOST_NAMES = 50;
const MOST_CHARACTERS = 2000;

export function read(search: URLSearchParams): Asked {
  const one = (name: string) => (search.get(name) ?? "").trim().slice(0, MOST_CHARACTERS);
  const repo = one("repo");
  const names = search.getAll("env").flatMap((text) => text.split(",")).map((text) => text.trim());
  return {
    repo,
    ref: one("ref"),
    dir: one("dir"),
    name: one("name"),
    env: unique(names.filter((name) => ENV_NAME.test(name))).slice(0, MOST_NAMES),
    ignored: unique([...search.keys()].filter((name) => !KNOWN.has(name) && !isValued(name))),
    valued: unique([...names.filter((name) => name.includes("=")).map((name) => name.split("=")[0] ?? ""), ...[...search.keys()].filter(isValued)]),
    refused: refusal(repo),
  };
}

/** `env[KEY]=value`, as other platforms write it. */
function isValued(name: string): boolean {
  return /^env\[.*\]$/.test(name);
}

function refusal(repo: string): string {
  if (repo === "") return "";
  const isLocal = /^(\/|\.|~|file:)/i.test(repo) || repo.includes("\\");
  return isLocal ? "A button names a repository that others can reach, such as owner/repo, and no folder." : "";
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)];
}
