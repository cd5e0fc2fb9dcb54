"""The whole listing of a commit's files, also of one with more than GitHub lists at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from devgem.source.contents import GITLINK, LINK, Entry
from devgem.source.errors import refusal
from devgem.source.github.client import GitHub
from devgem.source.github.model import TreeEntry
from devgem.source.location import GITHUB

_FOLDER = "040000"
_ASKED = 300
"""Trees that are asked for of one commit at most."""


async def walk(github: GitHub, slug: str, tree: str, token: str | None, max_files: int) -> Sequence[Entry]:
    """Files, links and submodules. Raises SourceError."""
    found: list[TreeEntry] = []
    waiting: list[tuple[str, str]] = [("", tree)]
    asked = 0
    while waiting:
        asked += len(waiting)
        if asked > _ASKED or len(found) > max_files:
            raise refusal("too_many_files", url=f"{GITHUB}/{slug}", limit=max_files)
        listed = await asyncio.gather(*(_listed(github, slug, sha, token) for _, sha in waiting))
        below: list[tuple[str, str]] = []
        for (prefix, _), (entries, whole) in zip(waiting, listed, strict=True):
            moved = [replace(entry, path=prefix + entry.path) for entry in entries]
            found += [entry for entry in moved if entry.mode != _FOLDER]
            below += [] if whole else [(entry.path + "/", entry.sha) for entry in moved if entry.mode == _FOLDER]
        waiting = below
    return [Entry(_mode(entry), entry.path, entry.size, entry.sha) for entry in sorted(found, key=lambda e: e.path)]


async def _listed(github: GitHub, slug: str, sha: str, token: str | None) -> tuple[Sequence[TreeEntry], bool]:
    """The entries below a tree, and whether those of its folders are among them."""
    listing = await github.tree(slug, sha, token)
    if not listing.truncated:
        return listing.entries, True
    return (await github.tree(slug, sha, token, recursive=False)).entries, False


def _mode(entry: TreeEntry) -> str:
    return entry.mode if entry.mode in (LINK, GITLINK, "100755") else "100644"
