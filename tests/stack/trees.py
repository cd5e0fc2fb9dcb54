"""Trees for tests: one held in memory, one that is a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from devgem.domain.errors import NotFound
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.stack import detect
from devgem.stack.files import Files


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


async def open_files(files: Mapping[str, str | bytes], dir: str = ".") -> Files:
    return await Files.open(MemoryTree(files), dir)


async def planned(files: Mapping[str, str | bytes], dir: str = ".") -> BuildPlan:
    """The plan of a tree that has one."""
    plan = await detect(MemoryTree(files), dir)
    assert isinstance(plan, BuildPlan), plan
    return plan


async def refused(files: Mapping[str, str | bytes], dir: str = ".") -> Unplannable:
    """Why a tree has no plan."""
    answer = await detect(MemoryTree(files), dir)
    assert isinstance(answer, Unplannable), answer
    return answer


def cited(plan: BuildPlan, claim: str) -> tuple[str, str, int | None]:
    """(value, file, line) of the evidence for a claim."""
    found = next(e for e in plan.stack.evidence if e.claim == claim)
    return found.value, found.file, found.line
