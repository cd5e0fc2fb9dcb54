"""Reads XML project files (pom.xml, *.csproj) as text, so that every value has its line.

These files are written by hand and by tools, and often are not quite valid; only names and values are needed.
"""

import re
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.languages.code import read_code


@dataclass(frozen=True)
class Value:
    text: str
    line: int


class Markup:
    """One file, comments left out. `offset` is the number of lines before it in the file that it is a part of."""

    def __init__(self, text: str, offset: int = 0) -> None:
        self.text = text
        self._offset = offset

    @classmethod
    async def read(cls, files: Files, path: str) -> "Markup":
        return cls(await read_code(files, path))

    def value(self, tag: str) -> Value | None:
        """The text of the first element with this name that has no elements in it."""
        return next(iter(self.values(tag)), None)

    def values(self, tag: str) -> list[Value]:
        found = re.finditer(rf"<{tag}(?:\s[^>]*)?>\s*([^<]*?)\s*</{tag}>", self.text)
        return [Value(m.group(1), self._line(m.start())) for m in found]

    def attributes(self, tag: str, name: str) -> list[Value]:
        found = re.finditer(rf"<{tag}\b[^>]*?\s{name}\s*=\s*[\"']([^\"']*)[\"']", self.text)
        return [Value(m.group(1), self._line(m.start())) for m in found]

    def sections(self, tag: str) -> list["Markup"]:
        """The elements with this name, each with what is in it."""
        found = re.finditer(rf"<{tag}(?:\s[^>]*)?(?<!/)>.*?</{tag}>", self.text, re.DOTALL)
        return [Markup(m.group(), self._line(m.start()) - 1) for m in found]

    def without(self, *tags: str) -> "Markup":
        """With these elements blanked out, line for line."""
        text = self.text
        for tag in tags:
            pattern = rf"<{tag}(?:\s[^>]*)?(?<!/)>.*?</{tag}>"
            text = re.sub(pattern, lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
        return Markup(text, self._offset)

    def _line(self, position: int) -> int:
        return self._offset + self.text.count("\n", 0, position) + 1
