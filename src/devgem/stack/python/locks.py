"""Which distributions a lock file installs for the running app, development's own left out.

Lock files are long and are read cut off at the size limit, so they are taken apart block by block, not as whole TOML.
"""

import json
import re
from collections.abc import Mapping

from devgem.stack.shapes import table

_NAME = re.compile(r'^name = "([^"]+)"', re.MULTILINE)
_LISTS = re.compile(r"^([\w-]+) = \[\n?(.*?)\]$", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r'\{ name = "([^"]+)"(?:[^{}]*?extra = \[([^\]]*)\])?')


def locked_names(manager: str, text: str) -> frozenset[str]:
    """Names as the lock writes them, which is normalized."""
    if manager == "pipenv":
        return _pipenv(text)
    blocks = [block for block in re.split(r"^\[\[package\]\]$", text, flags=re.MULTILINE)[1:] if _NAME.search(block)]
    if manager == "uv":
        return _uv(blocks)
    return frozenset(_name(block) for block in blocks if _is_for_running(block))


def _pipenv(text: str) -> frozenset[str]:
    try:
        return frozenset(table(json.loads(text), "default"))
    except ValueError:
        return frozenset()


def _is_for_running(block: str) -> bool:
    """poetry.lock (groups, in older ones category) and pdm.lock (groups) say what each package is for."""
    groups = re.search(r"^groups = \[([^\]]*)\]", block, re.MULTILINE)
    if groups:
        return bool(re.search(r'"(main|default)"', groups[1])) and "optional = true" not in block
    return 'category = "dev"' not in block and "optional = true" not in block


def _uv(blocks: list[str]) -> frozenset[str]:
    """What is reached from the packages that are the repository's own."""
    by_name = {_name(block): block for block in blocks}
    own = [
        n
        for n, block in by_name.items()
        if re.search(r"^source = \{ (virtual|editable|directory) =", block, re.MULTILINE)
    ]
    todo: list[tuple[str, str]] = [(name, "dependencies") for name in own]
    seen = set(todo)
    while todo:
        name, kind = todo.pop()
        for found in _dependencies(by_name.get(name, "")).get(kind, ()):
            if found not in seen:
                seen.add(found)
                todo.append(found)
    return frozenset(name for name, _ in seen)


def _dependencies(block: str) -> Mapping[str, list[tuple[str, str]]]:
    """By `dependencies` or the extra's name: (distribution, `dependencies` or the name of one of its extras)."""
    runtime = block.partition("[package.dev-dependencies]")[0].partition("[package.metadata]")[0]
    lists = {}
    for key, items in _LISTS.findall(runtime):
        lists[key] = [
            (name, kind)
            for name, extras in _ITEM.findall(items)
            for kind in ("dependencies", *re.findall(r'"([^"]+)"', extras))
        ]
    return lists


def _name(block: str) -> str:
    found = _NAME.search(block)
    return found[1] if found else ""
