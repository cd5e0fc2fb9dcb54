"""What a person should look at twice in a diff: new dependencies, programs that run by themselves, instructions for
other agents, text that reads otherwise than it works, and secrets. Rules only; nothing is refused here."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from devgem.source.workspace.diff import FileChange
from devgem.source.workspace.texts import Files, split

SHOWN = 200
"""Flags of one diff at most."""


@dataclass(frozen=True)
class Flag:
    """`line` is that of the new file, from 1; None where the whole file is meant. `kind`: dependency, script, workflow,
    dockerfile, agent_config, git_config, unicode, secret."""

    path: str
    line: int | None
    kind: str
    detail: str


_FILES: Sequence[tuple[str, str, str]] = (
    # path, kind, what it does
    (
        r"\.github/(?:workflows|actions)/.+|\.gitlab-ci\.ya?ml|\.circleci/.+|azure-pipelines\.ya?ml|Jenkinsfile"
        r"|bitbucket-pipelines\.ya?ml|\.travis\.ya?ml|\.drone\.ya?ml|\.buildkite/.+|cloudbuild\.ya?ml"
        r"|\.woodpecker(?:/.+|\.ya?ml)|\.forgejo/workflows/.+|\.gitea/workflows/.+",
        "workflow",
        "runs by itself when this is pushed, with the repository's secrets",
    ),
    (
        r"(?:.*/)?(?:[^/]*\.)?(?:Dockerfile|Containerfile)(?:\.[^/]*)?|(?:.*/)?(?:docker-)?compose[^/]*\.ya?ml"
        r"|(?:.*/)?\.dockerignore",
        "dockerfile",
        "decides how the image is built and as whom it runs",
    ),
    (
        r"(?:.*/)?(?:\.claude|\.cursor|\.gemini|\.codex|\.windsurf|\.continue|\.aider[^/]*|\.roo|\.kiro)(?:/.*)?"
        r"|(?:.*/)?(?:AGENTS|CLAUDE|GEMINI|SKILL)(?:\.local)?\.md|(?:.*/)?\.(?:cursorrules|windsurfrules|clinerules|mcp\.json)"
        r"|(?:.*/)?mcp[^/]*\.json|\.github/copilot-instructions\.md|(?:.*/)?\.vscode/(?:tasks|settings|launch|mcp)\.json"
        r"|(?:.*/)?\.devcontainer(?:/.*|\.json)|(?:.*/)?\.idea/.+",
        "agent_config",
        "tells an editor or another agent what to do, or to run",
    ),
    (
        r"(?:.*/)?\.git(?:modules|attributes)|(?:.*/)?(?:\.husky|\.githooks)/.+|(?:.*/)?\.pre-commit-config\.ya?ml"
        r"|(?:.*/)?lefthook\.ya?ml",
        "git_config",
        "makes git fetch or run something",
    ),
    (
        r"(?:.*/)?(?:Procfile|Makefile|setup\.py|conftest\.py|sitecustomize\.py|[^/]+\.pth|build\.rs|Rakefile|Justfile"
        r"|\.npmrc|\.yarnrc(?:\.yml)?|\.pnpmfile\.c?js|pip\.conf|uv\.toml|nixpacks\.toml|devgem\.toml|app\.json)",
        "script",
        "is run or obeyed when the app is installed, built or started",
    ),
)
_MANIFESTS: Sequence[tuple[str, str]] = (
    # path, the lines in it that name a dependency
    (r"(?:.*/)?(?:.*)?(?:requirements|constraints)[^/]*\.(?:txt|in)|(?:.*/)?requirements/[^/]+\.txt", r"\s*(?:[A-Za-z0-9]|-[reifc]|--|\.|/|git\+)"),
    (r"(?:.*/)?pyproject\.toml", r"""\s*["'][A-Za-z0-9][^"']*["']\s*,?\s*\]?|\s*["']?[A-Za-z0-9_.-]+["']?\s*=\s*["'{\[]|\s*(?:dependencies|requires)\s*="""),
    (r"(?:.*/)?Pipfile", r"""\s*["']?[A-Za-z0-9_.-]+["']?\s*=|\s*\[\[?source"""),
    (r"(?:.*/)?(?:Gemfile|gems\.rb|[^/]+\.gemspec)", r"\s*(?:gem|source|git|github|path|.*add_(?:\w+_)?dependency)\b"),
    (r"(?:.*/)?go\.(?:mod|work)", r"\s*(?:require|replace|tool|use)\b|\s+\S+\.\S+/\S+\s+v|\S+\.\S+/\S+\s+v"),
    (r"(?:.*/)?Cargo\.toml", r"\s*[A-Za-z0-9_-]+(?:\.\w+)?\s*=\s*[\"{]|\s*\[.*dependencies"),
    (r"(?:.*/)?pom\.xml", r"\s*<(?:artifactId|groupId|version|repository|url)>"),
    (r"(?:.*/)?[^/]+\.gradle(?:\.kts)?|(?:.*/)?[^/]*libs\.versions\.toml", r"\s*(?:\w*(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|classpath|id|maven|url)\b)|.*=\s*[\"{]"),
    (r"(?:.*/)?mix\.exs", r"\s*\{:"),
    (r"(?:.*/)?[^/]+\.(?:cs|fs|vb)proj|(?:.*/)?Directory\.Packages\.props|(?:.*/)?packages\.config", r".*<?(?:PackageReference|PackageVersion|package|Exec)\b"),
    (r"(?:.*/)?deno\.jsonc?|(?:.*/)?(?:import_map|jsr)\.json", r"""\s*"[^"]+"\s*:\s*"(?:npm:|jsr:|https?:)"""),
)  # fmt: skip
_LOCKS = re.compile(
    r"(?:.*/)?(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|uv\.lock|poetry\.lock"
    r"|pdm\.lock|Pipfile\.lock|Gemfile\.lock|go\.sum|Cargo\.lock|composer\.lock|mix\.lock|packages\.lock\.json|deno\.lock)"
)
_JSON_DEPENDENCIES = (
    "dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides", "resolutions",
    "require", "require-dev", "repositories",
)  # fmt: skip
_JSON_SCRIPTS = ("scripts", "bin", "husky", "lint-staged", "simple-git-hooks", "gypfile", "config")
_SCRIPT_IN_PYPROJECT = re.compile(
    r"\s*\[(?:build-system|project\.(?:scripts|entry-points)|tool\.(?:poetry|pdm|hatch)[^]]*(?:scripts|build|hooks))"
)
_SECRETS: Sequence[tuple[str, str]] = (
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("a Google OAuth secret", r"\bGOCSPX-[0-9A-Za-z_-]{20,}"),
    ("a GitHub token", r"\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{40,})"),
    ("a GitLab token", r"\bglpat-[0-9A-Za-z_-]{20,}"),
    ("a Slack token or hook", r"\bxox[abeprs]-[0-9A-Za-z-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w+"),
    ("a Stripe key", r"\b[rs]k_live_[0-9A-Za-z]{16,}|\bwhsec_[0-9A-Za-z]{24,}"),
    ("an OpenAI or Anthropic key", r"\bsk-(?:proj-|ant-)?[0-9A-Za-z_-]{32,}"),
    ("a SendGrid key", r"\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}"),
    ("a Twilio key", r"\bSK[0-9a-f]{32}\b"),
    ("an npm token", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("a PyPI token", r"\bpypi-AgE[0-9A-Za-z_-]{40,}"),
    ("a Discord or Telegram token", r"\b\d{8,10}:AA[0-9A-Za-z_-]{33}\b"),
    ("a JSON Web Token", r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}"),
    ("a password in an address", r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]+:(?!\$|\{|<|%[s(]|\*+@|password@|pass@|x+@)[^\s:/@'\"]{3,}@"),
    (
        "what looks like a secret",
        r"(?i)\b[\w-]*(?:secret|passwd|password|api_?key|auth_?token|access_?token|private_?key)[\w-]*[\"']?\s*[:=]\s*"
        r"[\"'](?!\$|\{|<|your|change|example|xxx|test|dummy|placeholder)(?=[^\"'\s]*[0-9])[^\"'\s]{12,}[\"']",
    ),
)  # fmt: skip
_COMPILED_FILES = [(re.compile(pattern, re.IGNORECASE), kind, detail) for pattern, kind, detail in _FILES]
_COMPILED_MANIFESTS = [(re.compile(pattern), re.compile(line)) for pattern, line in _MANIFESTS]
_COMPILED_SECRETS = [(name, re.compile(pattern)) for name, pattern in _SECRETS]
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_INVISIBLE = frozenset(
    "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u034f\u115f\u1160\u180e\u3164\uffa0"
)
_WORD = re.compile(r"[^\W\d]\w*")
_LINE_LIMIT = 4000


def flags(changed: Sequence[FileChange], before: Files, after: Files) -> list[Flag]:
    """In the order of the files and lines; SHOWN at most."""
    found: list[Flag] = []
    for file in changed:
        found += _path_flags(file)
        found += _manifest_flags(file, before.get(file.path), after.get(file.path))
        for hunk in file.hunks:
            for number, line in hunk.added:
                found += _line_flags(file.path, number, line[:_LINE_LIMIT])
    return found[:SHOWN]


def _path_flags(file: FileChange) -> Iterator[Flag]:
    for pattern, kind, detail in _COMPILED_FILES:
        if pattern.fullmatch(file.path):
            yield Flag(file.path, _first_line(file), kind, f"{file.change}: {detail}")
            return
    if odd := _odd_word(file.path) or next(_odd_characters(file.path), ""):
        yield Flag(file.path, None, "unicode", f"its name has {odd}")


def _manifest_flags(file: FileChange, old: str | None, new: str | None) -> Iterator[Flag]:
    name = file.path.rpartition("/")[2]
    if _LOCKS.fullmatch(file.path):
        yield Flag(file.path, _first_line(file), "dependency", f"{file.change}: decides which packages are installed")
    elif name in ("package.json", "composer.json"):
        yield from _json_flags(file.path, old, new)
    elif name == "pyproject.toml":
        yield from _lines_of(file, _SCRIPT_IN_PYPROJECT.match, "script")
    for pattern, is_dependency in _COMPILED_MANIFESTS:
        if pattern.fullmatch(file.path):
            yield from _lines_of(file, is_dependency.match, "dependency")
            return


def _lines_of(file: FileChange, matches: Callable[[str], object], kind: str) -> Iterator[Flag]:
    for hunk in file.hunks:
        for number, line in hunk.added:
            if matches(line) and not line.strip().startswith(("#", "//", "<!--")):
                yield Flag(file.path, number, kind, line.strip()[:120])


def _json_flags(path: str, old: str | None, new: str | None) -> Iterator[Flag]:
    before, after = _json(old), _json(new)
    for keys, kind in ((_JSON_DEPENDENCIES, "dependency"), (_JSON_SCRIPTS, "script")):
        for key in keys:
            was, now = _entries(before.get(key)), _entries(after.get(key))
            for name, value in now.items():
                if was.get(name) != value:
                    detail = f"{key}: {name} {json.dumps(value)}"[:120]
                    yield Flag(path, _line_of(new or "", f'"{name}"'), kind, detail)


def _json(text: str | None) -> dict[str, object]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):  # that it does not parse, the checks say
        return {}
    return found if isinstance(found, dict) else {}


def _entries(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    return {} if value is None else {"": value}


def _line_of(text: str, quoted: str) -> int | None:
    return next((number for number, line in enumerate(split(text), 1) if quoted in line), None)


def _line_flags(path: str, number: int, line: str) -> Iterator[Flag]:
    if not line.isascii():
        for odd in dict.fromkeys(_odd_characters(line)):
            yield Flag(path, number, "unicode", f"has {odd}")
        if odd := _odd_word(line):
            yield Flag(path, number, "unicode", f"has {odd}")
    for name, pattern in _COMPILED_SECRETS:
        if pattern.search(line):
            yield Flag(path, number, "secret", f"holds {name}: config vars are the place for it")
            return


def _odd_characters(text: str) -> Iterator[str]:
    for position, character in enumerate(text):
        if character in _BIDI:
            yield f"{_name(character)}, which changes the order in which text is shown"
        elif character in _INVISIBLE and not _joins(text, position):
            yield f"{_name(character)}, which cannot be seen"
        elif unicodedata.category(character) in ("Cc", "Co", "Cs") and character not in "\t\r\n\f":
            yield f"{_name(character)}, a control character"
        elif 0xE0000 <= ord(character) <= 0xE007F:
            yield f"{_name(character)}, a hidden tag"


def _joins(text: str, position: int) -> bool:
    """Whether it joins two characters for which it is made: emoji, or letters of a script that needs it."""
    if text[position] not in "\u200c\u200d" or position == 0:
        return False
    before = text[position - 1]
    return ord(before) > 0x2190 or unicodedata.category(before) in ("So", "Sk", "Mn", "Mc") or ord(before) > 0x5FF


def _odd_word(text: str) -> str:
    """A word that mixes Latin letters with look-alikes of another script."""
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in word if letter.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
            other = next(letter for letter in word if not unicodedata.name(letter, "LATIN").startswith("LATIN"))
            return f"the word {word!r} in letters of two alphabets ({_name(other)})"
        if any(unicodedata.name(letter, "").startswith(("MATHEMATICAL", "FULLWIDTH LATIN")) for letter in word):
            return f"the word {word!r} in letters that only look like plain ones"
    return ""


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"


def _first_line(file: FileChange) -> int | None:
    return next((number for hunk in file.hunks for number, _ in hunk.added), None)
