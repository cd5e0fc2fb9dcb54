"""Whose credential a repository is read with: the user's own, for what is on GitHub, and never another one's."""

import base64
from collections.abc import Awaitable, Callable
from typing import TypeVar

from devgem.domain.app import Repository
from devgem.domain.errors import SourceError
from devgem.source.github import slug_of

Tokens = Callable[[str], Awaitable[str | None]]
"""The GitHub token of a user; None for one who is not signed in with GitHub."""

_PERHAPS_THE_TOKEN = frozenset({"repository_private", "github_token_refused"})
_SIGN_IN_AGAIN = "github_sign_in_again"
Result = TypeVar("Result")


async def no_tokens(user: str) -> str | None:
    return None


def basic(token: str | None) -> str | None:
    """As GitHub takes a token over git: https://docs.github.com/en/authentication"""
    if token is None:
        return None
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()


class Credentials:
    """Reads as a user, with their token where there is one."""

    def __init__(self, tokens: Tokens = no_tokens) -> None:
        self._tokens = tokens

    async def of(self, repository: Repository, user: str | None) -> str | None:
        """A token is GitHub's, and is shown to nobody else."""
        if user is None or slug_of(repository.location) is None:
            return None
        return await self._tokens(user)

    async def reading(
        self, repository: Repository, user: str | None, read: Callable[[str | None], Awaitable[Result]]
    ) -> Result:
        """Reads with the user's token; without one what is public, also when GitHub refuses the token."""
        token: str | None = None
        try:
            token = await self.of(repository, user)
            return await read(token)
        except SourceError as error:
            if error.code != _SIGN_IN_AGAIN and (token is None or error.code not in _PERHAPS_THE_TOKEN):
                raise
            refused = error
        try:
            return await read(None)
        except SourceError:
            raise refused from None
