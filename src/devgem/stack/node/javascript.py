"""Reads JavaScript and TypeScript as text, without running it: properties of object literals, and where they are.

The text is lexed once into two masks of the same length, so that offsets and line numbers stay true: `bare` has its
comments blanked, `shape` also the insides of strings and regular expressions. Brackets are matched in `shape`. Every
`key: value` is then an `Entry` under the path of the keys and calls around it:

    export default defineConfig({ build: { outDir: "out" }, plugins: [svelte({ hot: true })] })

has `defineConfig() build outDir` and `defineConfig() plugins svelte() hot`. Leading calls are wrappers and do not
count, so the first is asked for as "build.outDir", and the second as "hot" within "svelte()".
"""

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?P<template>`)"""
    r"""|(?P<slash>/)""",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_BEFORE_REGEX = re.compile(r"(?:^|[=(,:\[!&|?{};+\n]|\breturn|=>)\s*$")
_PIECE = re.compile(r"""(?P<open>[{\[(])|(?P<close>[}\])])|(?P<name>[\w$]+|["'][^"'\n]*["'])|(?P<end>[,;])""")


@dataclass(frozen=True)
class Entry:
    """A property of an object literal: the keys around it with its own, its value's text, its 1-based line."""

    path: tuple[str, ...]
    value: str
    line: int


class Code:
    """One source file. `path` is as in the `Files` that it came from."""

    def __init__(self, text: str, path: str = "") -> None:
        self.path = path
        self.bare, self.shape = _masks(text)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._walk())

    def find(self, dotted: str, within: str | None = None) -> tuple[Entry, ...]:
        """The properties at this path: from the top, or from the innermost call of `within` ("adapter()")."""
        wanted = tuple(dotted.split("."))
        return tuple(entry for entry in self.entries if _tail(entry.path, within) == wanted)

    def mentions(self, word: str) -> bool:
        """Whether the word stands anywhere in code, outside strings and comments."""
        return re.search(rf"\b{re.escape(word)}\b", self.shape) is not None

    def modules(self) -> tuple[str, ...]:
        """Every module specifier that is imported, required or exported from, in order."""
        pattern = r"\b(?:from|import|require)\b\s*\(?\s*(['\"])([^'\"\n]+)\1"
        return tuple(dict.fromkeys(match.group(2) for match in re.finditer(pattern, self.bare)))

    def line(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return bisect.bisect_left(self._breaks, offset) + 1

    def expression(self, start: int) -> str:
        """The text of the expression that begins at an offset, up to a `,` `;` or closing bracket of its own level."""
        return self.bare[start : self._end(start)].strip()

    def arguments(self, bracket: int) -> tuple[str, ...]:
        """The arguments of the call whose bracket opens at an offset."""
        found, at = [], bracket
        while at < len(self.shape) and (at == bracket or self.shape[at] == ","):
            end = self._end(at + 1)
            found.append(self.bare[at + 1 : end].strip())
            at = end
        return tuple(text for text in found if text)

    def _end(self, start: int) -> int:
        depth = 0
        for at in range(start, len(self.shape)):
            char = self.shape[at]
            if char in "{[(":
                depth += 1
            elif char in "}])":
                depth -= 1
            if depth < 0 or (depth == 0 and char in ",;"):
                return at
        return len(self.shape)

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.bare)]

    def _walk(self) -> Iterator[Entry]:
        stack: list[str | None] = []
        key: str | None = None
        last = ""
        for match in _PIECE.finditer(self.shape):
            kind, text = match.lastgroup, match.group()
            if kind == "open":
                called = text == "(" and last[:1] not in ("", '"', "'")
                stack.append(f"{last}()" if called else key)
                key = None
            elif kind == "close":
                if stack:
                    stack.pop()
                key = None
            elif kind == "end":
                key = None
            elif kind == "name" and self._is_key(match):
                key = self.bare[match.start() : match.end()].strip("\"'")
                colon = self.shape.index(":", match.end())
                path = (*(name for name in stack if name), key)
                yield Entry(path, self.expression(colon + 1), self.line(match.start()))
            last = text if kind == "name" else ""

    def _is_key(self, match: re.Match[str]) -> bool:
        before, after = match.start() - 1, match.end()
        while before >= 0 and self.shape[before].isspace():
            before -= 1
        while after < len(self.shape) and self.shape[after].isspace():
            after += 1
        return before >= 0 and self.shape[before] in "{," and self.shape[after : after + 1] == ":"


def _tail(path: tuple[str, ...], within: str | None) -> tuple[str, ...] | None:
    if within is not None:
        return path[len(path) - path[::-1].index(within) :] if within in path else None
    inner = 0
    while inner < len(path) and path[inner].endswith("()"):
        inner += 1
    return path[inner:]


def _masks(text: str) -> tuple[str, str]:
    bare, shape, at = [], [], 0
    while match := _TOKEN.search(text, at):
        bare.append(text[at : match.start()])
        shape.append(text[at : match.start()])
        start, end = match.start(), match.end()
        if match.lastgroup == "template":
            end = _template_end(text, start)
        elif match.lastgroup == "slash":
            regex = _REGEX.match(text, start) if _BEFORE_REGEX.search(text[max(0, start - 40) : start]) else None
            end = regex.end() if regex else end
        token = text[start:end]
        bare.append(_blank(token) if match.lastgroup == "comment" else token)
        inside = len(token) > 1 and match.lastgroup != "comment"
        shape.append(token[0] + _blank(token[1:-1]) + token[-1] if inside else bare[-1])
        at = end
    return "".join([*bare, text[at:]]), "".join([*shape, text[at:]])


def _template_end(text: str, start: int) -> int:
    """The offset after a template literal's closing backtick; `${}` may hold further templates."""
    at, depth = start + 1, 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif depth == 0 and char == "`":
            return at + 1
        elif depth == 0 and text.startswith("${", at):
            depth, at = 1, at + 1
        elif depth and char == "`":
            at = _template_end(text, at) - 1
        elif depth and char in "{}":
            depth += 1 if char == "{" else -1
        at += 1
    return len(text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
