"""The config vars of JavaScript code: what it reads, what it cannot live without, what is fixed when it is built."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from devgem.stack.env_names import EnvRead, find_env, keep, source_paths
from devgem.stack.files import Files
from devgem.stack.node.listening import reachable_paths

_SUFFIXES = (".ts", ".js", ".mjs", ".mts")
_SCHEMA = re.compile(r"createEnv\(|cleanEnv\(\s*process\.env|\.(?:safeP|p)arse\(\s*process\.env\b|[eE]nvSchema")
_BOUND = re.compile(
    r"\b(?:const|let|var)\s+(\w+)(?:\s*:[^=\n]+)?\s*=\s*process\.env\.([A-Z]\w*)\s*;?[ \t]*$", re.MULTILINE
)
_FIELD = re.compile(
    r"^[ \t]*['\"]?([A-Z][A-Z0-9_]{2,})['\"]?\s*:\s*(\w+(?:\s*\.\w+)*\s*\(.*?)"
    r"(?=\n[ \t]*(?:['\"]?[A-Z]\w*['\"]?\s*:|[}\])]))",
    re.MULTILINE | re.DOTALL,
)
_VALIDATOR = re.compile(r"(z|v|yup|Joi|joi|t|Type|s)\s*\.|(str|num|bool|url|email|host|json|port|makeValidator)\b")
_OPTIONAL = re.compile(r"[.](optional|nullish|default|catch|partial|Optional)\(|\bdefault\s*:|devDefault")
_BAKED = re.compile(r"(NEXT_PUBLIC|VITE|REACT_APP|VUE_APP|GATSBY|EXPO_PUBLIC|PUBLIC|STORYBOOK|SNOWPACK_PUBLIC)_")


async def node_env(files: Files, entry: str | None = None) -> tuple[EnvRead, ...]:
    """What the sources read, and what a schema (zod, envalid, t3-env, ...) says that they need. With an entry file only
    what it leads to can require anything: scripts for releases and the like may lie beside it."""
    found = {read.name: read for read in await find_env(files, "node")}
    for path in source_paths(files, _SUFFIXES):
        text = await files.text(path)
        for read in (*_checked(text, path), *(_fields(text, path) if _SCHEMA.search(text) else ())):
            keep(found, read)
    run = await reachable_paths(files, entry) if entry else frozenset(files.paths)
    reads = (found[name] for name in sorted(found))
    return tuple(replace(read, required=read.required and read.path in run) for read in reads)


def _checked(text: str, path: str) -> Iterator[EnvRead]:
    """`const key = process.env.KEY`, and a throw or exit where it is not there."""
    for match in _BOUND.finditer(text):
        local, name = match.groups()
        if re.search(
            rf"if\s*\(\s*!\s*{local}\s*\)\s*\{{?\s*(?:[^\n}}]*\n\s*)?(?:throw\b|process\.exit)", text[match.end() :]
        ):
            yield EnvRead(name, path, text.count("\n", 0, match.start()) + 1, required=True)


def _fields(text: str, path: str) -> Iterator[EnvRead]:
    for match in _FIELD.finditer(text):
        name, rule = match.groups()
        if _VALIDATOR.match(rule):
            yield EnvRead(name, path, text.count("\n", 0, match.start(1)) + 1, not _OPTIONAL.search(rule))


def baked_note(names: Iterable[str]) -> tuple[str, ...]:
    """Names that a bundler writes into the files it makes: they must be there when the app is built."""
    baked = [name for name in names if _BAKED.match(name)]
    return (f"Fixed when the app is built, so to be set as build variables: {', '.join(baked)}.",) if baked else ()
