"""The files of a checkout with edits on them: listed, read, searched."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from devgem.domain.errors import InvalidInput, NotFound
from devgem.source.tree import FolderTree
from devgem.source.workspace.base import check_new, read_text
from devgem.source.workspace.edits import Edit, replay, touched
from devgem.source.workspace.patch import apply_patch, parse_patch
from devgem.source.workspace.texts import Files, split

_LINE_LIMIT = 300


@dataclass(frozen=True)
class Match:
    """A line that was searched for; `line` from 1."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class View:
    """`base` are the edited files, and those of other patches, as they are in the checkout `root`; `now` is what they
    are with the edits."""

    root: Path
    base: Files
    now: Files

    @classmethod
    def of(cls, root: Path, edits: Sequence[Edit], patches: Collection[str] = ()) -> Self:
        """Reads files, and replays the edits. Raises InvalidInput, Conflict."""
        known = {path for edit in edits for path in touched(edit)}
        known |= {file.path for patch in patches for file in parse_patch(patch)}
        base = {path: read_text(root, path) for path in sorted(known)}
        now = replay(base, edits)
        for path, text in now.items():
            if text is not None and base[path] is None:
                check_new(root, path)
        return cls(root, base, now)

    def with_patch(self, patch: str) -> Files:
        """The files of `base` with another patch on them, of those that the view was made with."""
        return {**self.base, **apply_patch(self.base, patch)}

    def same_as(self, other: "View") -> bool:
        """Whether both show the same files of the same checkout."""
        mine, theirs = {**other.base, **self.now}, {**self.base, **other.now}
        return mine == theirs

    async def files(self, under: str = "") -> list[str]:
        """Paths, sorted, of the files in a folder."""
        kept = {path for path in await FolderTree(self.root).paths() if self.now.get(path, "") is not None}
        kept |= {path for path, text in self.now.items() if text is not None}
        prefix = under.strip("/") + "/" if under.strip("/.") else ""
        return sorted(path for path in kept if path.startswith(prefix))

    def read(self, path: str) -> str:
        """Raises NotFound, and InvalidInput for what is no text."""
        text = self.now[path] if path in self.now else read_text(self.root, path)
        if text is None:
            raise NotFound(f"there is no file {path!r}", fix="List the files to see what there is.")
        return text

    def search(self, paths: Sequence[str], text: str, limit: int) -> list[Match]:
        """The lines that hold a text, whatever its case; `paths` are those of `files`."""
        found: list[Match] = []
        wanted = text.casefold()
        for path in paths:
            found += self._search(path, wanted, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _search(self, path: str, wanted: str, limit: int) -> list[Match]:
        try:
            text = self.read(path)
        except InvalidInput:  # it is no text
            return []
        if wanted not in text.casefold():
            return []
        lines = [(number, line) for number, line in enumerate(split(text), 1) if wanted in line.casefold()]
        return [Match(path, number, line.rstrip("\r\n")[:_LINE_LIMIT]) for number, line in lines[:limit]]
