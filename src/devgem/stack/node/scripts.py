"""Reads the scripts of a package.json as commands: what they run in the end, through their own hops and wrappers."""

import fnmatch
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

_OPERATORS = frozenset({"&&", "||", ";", "|", "&", ";;"})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_RUNNERS = {"npm", "pnpm", "yarn", "bun"}
_OWN_WORDS = re.compile(
    r"run|install|i|ci|add|remove|exec|dlx|x|init|link|publish|pack|version|test|why|audit|dedupe|rebuild|config|set|"
    r"cache|workspaces?|create|upgrade|update|node"
)
_LIMIT = 40


@dataclass(frozen=True)
class Command:
    """One command of a script: its words without wrappers, the variables set for it, the script that states it.
    `plain` is false when the words need a shell (`$PORT`, globs, redirections)."""

    words: tuple[str, ...]
    script: str
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "."
    plain: bool = True

    @property
    def name(self) -> str:
        return self.words[0].rpartition("/")[2]

    def option(self, *names: str) -> str | None:
        """The value of the first of these options, given as `--name value` or `--name=value`."""
        for at, word in enumerate(self.words):
            head, equals, value = word.partition("=")
            if head in names:
                return value if equals else (self.words[at + 1] if at + 1 < len(self.words) else "")
        return None

    def operands(self, with_value: str = "(?!)") -> tuple[str, ...]:
        """The words after the command that are no options, nor values of the options that `with_value` matches."""
        words, skip = [], False
        for word in self.words[1:]:
            if not skip and not word.startswith("-"):
                words.append(word)
            skip = not skip and re.fullmatch(with_value, word) is not None
        return tuple(words)


def commands(scripts: Mapping[str, str], name: str) -> tuple[Command, ...]:
    """Everything that running a script runs, its `pre` and `post` hooks and the scripts that it calls among them."""
    found: list[Command] = []
    for command in _expand(scripts, name, frozenset()):
        found.append(command)
        if len(found) == _LIMIT:
            break
    return tuple(found)


def parse(text: str, script: str = "") -> tuple[Command, ...]:
    """The commands of one script's text, unwrapped, not followed into other scripts. Empty when it cannot be read."""
    found, words, cwd = [], list[str](), "."
    for token in [*_tokens(text), ";"]:
        if token not in _OPERATORS:
            words.append(token)
            continue
        if words[:1] == ["cd"] and len(words) == 2:
            cwd = f"{cwd}/{words[1]}"
        elif words and (command := _unwrap(words, script, cwd)):
            found.append(command)
        words = []
    return tuple(found)


def _expand(scripts: Mapping[str, str], name: str, seen: frozenset[str]) -> Iterator[Command]:
    for step in (f"pre{name}", name, f"post{name}"):
        if step in seen or step not in scripts:
            continue
        for command in parse(scripts[step], step):
            called = called_scripts(command, scripts)
            if called:
                for other in called:
                    yield from _expand(scripts, other, seen | {step})
            else:
                yield _as_bin(command)


def _as_bin(command: Command) -> Command:
    """`yarn vite build` runs a dependency's program when no script has its name."""
    words = command.words
    if (
        words[0] in ("yarn", "pnpm")
        and len(words) > 1
        and not words[1].startswith("-")
        and not _OWN_WORDS.fullmatch(words[1])
    ):
        return replace(command, words=words[1:])
    return command


def called_scripts(command: Command, scripts: Mapping[str, str]) -> tuple[str, ...]:
    """The scripts of the same package that a command runs: `npm run x`, `yarn x`, `run-s a b`, `node --run x`."""
    words, name = command.words, command.name
    if name in ("run-s", "run-p", "npm-run-all", "npm-run-all2"):
        return _matching(command.operands(), scripts)
    if name == "concurrently":
        wanted = [word.removeprefix("npm:") for word in words[1:] if word.startswith("npm:")]
        inner = [c for word in words[1:] if " " in word for c in parse(word, command.script)]
        return _matching(tuple(wanted), scripts) + tuple(s for c in inner for s in called_scripts(c, scripts))
    if name == "node" and words[1:2] == ("--run",):
        return _matching(words[2:3], scripts)
    if name not in _RUNNERS or command.cwd != "." or _elsewhere(words):
        return ()
    rest = [word for word in words[1:] if not word.startswith("-")]
    if rest[:1] in (["run"], ["run-script"]):
        return _matching(tuple(rest[1:2]), scripts)
    if rest[:1] in (["start"], ["test"]) or (rest and name != "npm" and not _OWN_WORDS.fullmatch(rest[0])):
        return _matching(tuple(rest[:1]), scripts)
    return ()


def _elsewhere(words: tuple[str, ...]) -> bool:
    return any(re.match(r"(--?w(orkspaces?)?|--filter|-F|--prefix|-C|--dir|--cwd|-r|--recursive)\b", w) for w in words)


def _matching(names: tuple[str, ...], scripts: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(key for name in names for key in scripts if fnmatch.fnmatchcase(key, name.replace("**", "*")))


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return []


def _unwrap(tokens: list[str], script: str, cwd: str) -> Command | None:
    """Takes away what stands before the real command: assignments, cross-env, npx, `pnpm exec`, dotenv, a path."""
    env: dict[str, str] = {}
    words = [token for token in tokens if token not in ("fi", "done")]
    while words:
        head = words[0].rpartition("/")[2]
        if match := _ASSIGNMENT.fullmatch(words[0]):
            env[match.group(1)] = match.group(2)
            words = words[1:]
        elif head in ("if", "then", "else", "do", "!"):
            words = words[1:]
        elif head in ("cross-env", "cross-env-shell", "env", "exec", "npx", "bunx", "pnpx", "pnpm-exec"):
            words = _drop_flags(words[1:])
        elif head in ("pnpm", "yarn", "npm", "bun") and words[1:2] in (["exec"], ["dlx"], ["x"]):
            words = _drop_flags(words[2:])
        elif head in ("dotenv", "dotenvx", "env-cmd", "doppler", "infisical") and "--" in words:
            words = words[words.index("--") + 1 :]
        else:
            break
    if not words:
        return None
    plain = not re.search(r"[$`*?<>~()]", " ".join(words))
    if "node_modules/" in words[0]:
        words[0] = words[0].rpartition("/")[2]
    return Command(tuple(words), script, env, re.sub(r"^(\./)+", "", cwd) or ".", plain)


def _drop_flags(words: list[str]) -> list[str]:
    while words and words[0].startswith("-"):
        words = words[1:]
    return words
