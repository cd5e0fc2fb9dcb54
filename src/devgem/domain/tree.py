"""The read-only files of one commit, wherever they live."""

from collections.abc import Sequence
from typing import Protocol


class Tree(Protocol):
    """Paths are relative to the chosen folder, use `/`, and never leave it; order is sorted."""

    async def paths(self) -> Sequence[str]:
        """Every regular file (no folders, links that leave the tree, or .git)."""

    async def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        """The first `limit_bytes` of a file. Raises NotFound when the path is not in `paths()`."""
