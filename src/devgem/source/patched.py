"""A tree with edits on it, made as it is read."""

from collections.abc import Sequence

from devgem.domain.errors import NotFound
from devgem.domain.tree import Tree
from devgem.source.workspace.edits import FILE_LIMIT_BYTES
from devgem.source.workspace.patch import apply_patch, parse_patch


class PatchedTree:
    """The `Tree` of a commit with a patch on top."""

    def __init__(self, tree: Tree, edited: dict[str, bytes | None]) -> None:
        self._tree = tree
        self._edited = edited

    @classmethod
    async def of(cls, tree: Tree, patch: str) -> "PatchedTree":
        """Raises InvalidInput, Conflict when the patch is not one of this tree."""
        known = frozenset(await tree.paths())
        base: dict[str, str | None] = {}
        for file in parse_patch(patch):
            raw = await tree.read(file.path, FILE_LIMIT_BYTES + 1) if file.path in known else None
            base[file.path] = None if raw is None else raw.decode("utf-8", "replace")
        after = apply_patch(base, patch)
        return cls(tree, {path: None if text is None else text.encode() for path, text in after.items()})

    async def paths(self) -> Sequence[str]:
        kept = {path for path in await self._tree.paths() if self._edited.get(path, b"") is not None}
        return sorted(kept | {path for path, content in self._edited.items() if content is not None})

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        if path not in self._edited:
            return await self._tree.read(path, limit_bytes)
        content = self._edited[path]
        if content is None:
            raise NotFound(f"the edits remove {path!r}", fix="List the files to see what there is.")
        return content[:limit_bytes]
