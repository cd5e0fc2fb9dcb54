"""Trees for tests: one held in memory, one that is a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from devgem.domain.errors import NotFound


class MemoryTree:
    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    async def paths(self) -> Sequence[str]:
        return sorted(self._files)

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        if path not in self._files:
            raise NotFound(f"no file {path!r}")
        return self._files[path][:limit_bytes]


class FolderTree:
    def __init__(self, root: Path) -> None:
        self._root = root

    async def paths(self) -> Sequence[str]:
        return sorted(p.relative_to(self._root).as_posix() for p in self._root.rglob("*") if p.is_file())

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        with (self._root / path).open("rb") as file:
            return file.read(limit_bytes)
