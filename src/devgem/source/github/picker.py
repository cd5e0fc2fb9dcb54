"""The repositories that a user picks from: searched, page by page, the last answer while GitHub cannot be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devgem.domain.errors import InvalidInput, Unavailable
from devgem.source.github.client import GitHub
from devgem.source.github.model import Branch, Listing, RepositoryInfo

PAGE = 50
_SIGN_IN = "Sign in with GitHub to see your repositories. Any public one can be deployed by its owner/name."


@dataclass(frozen=True)
class Picked:
    """One page. `owners` are those of all repositories; `stale` and `note` as in a Listing."""

    items: Sequence[RepositoryInfo]
    next_cursor: str | None
    owners: Sequence[str]
    as_of: datetime
    stale: bool
    note: str


class Picker:
    def __init__(self, github: GitHub) -> None:
        self._github = github

    async def page(self, token: str | None, *, query: str = "", owner: str = "", cursor: str = "") -> Picked:
        """Those with every word of `query` in their name, description or language. Raises SourceError when GitHub does
        not take the token any more."""
        begin = _offset(cursor)
        listing = await self._listing(token)
        words = query.casefold().split()
        found = [
            item
            for item in listing.items
            if (not owner or item.owner.casefold() == owner.casefold()) and _has(item, words)
        ]
        owners = sorted({item.owner for item in listing.items}, key=str.casefold)
        end = begin + PAGE
        following = str(end) if end < len(found) else None
        return Picked(found[begin:end], following, owners, listing.as_of, listing.stale, listing.note)

    async def search(self, token: str | None, query: str) -> Sequence[str]:
        """The names of the first ones found."""
        return [item.slug for item in (await self.page(token, query=query)).items]

    async def branches(self, token: str | None, slug: str) -> Sequence[Branch]:
        """The default branch first. Raises SourceError, Unavailable."""
        about = await self._github.repository(slug, token)
        found = await self._github.branches(slug, token)
        return sorted(found, key=lambda branch: (branch.name != about.default_branch, branch.name))

    async def _listing(self, token: str | None) -> Listing:
        if token is None:
            return Listing((), datetime.now(UTC), note=_SIGN_IN)
        try:
            return await self._github.repositories(token)
        except Unavailable as error:  # and it was never asked before
            return Listing((), datetime.now(UTC), stale=True, note=f"{error.message}. {error.fix}")


def _has(item: RepositoryInfo, words: Sequence[str]) -> bool:
    text = f"{item.slug} {item.description} {item.language}".casefold()
    return all(word in text for word in words)


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    if not cursor.isdecimal() or not cursor.isascii() or len(cursor) > 6:
        raise InvalidInput(f"{cursor[:20]!r} is no cursor", fix="Send back the next_cursor of the page before.")
    return int(cursor)
