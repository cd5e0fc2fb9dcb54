"""The tokens that GitHub has given users at sign-in: refreshed in time, by one at a time, and ended at sign-out."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from devgem.domain.errors import DevGemError, SourceError
from devgem.source.github import GitHub
from devgem.source.github.oauth import GitHubOAuth, Granted
from devgem.store import GitHubGrant, GrantKind, Store

_EARLY = timedelta(minutes=5)
"""A token that ends so soon is exchanged before it is used."""
_SPENT = frozenset({"oauth_bad_refresh_token", "oauth_incorrect_client_credentials", "oauth_unauthorized"})

_log = logging.getLogger(__name__)


class GitHubTokens:
    """`oauth` None: only tokens that users have pasted in."""

    def __init__(
        self,
        store: Store,
        github: GitHub,
        oauth: GitHubOAuth | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._github = github
        self._oauth = oauth
        self._now = now
        self._refreshing: dict[str, asyncio.Task[GitHubGrant]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        tasks = [*self._refreshing.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def of(self, user: str) -> str | None:
        """The user's token; None for one who is not signed in with GitHub. Raises SourceError when GitHub does not take
        the sign-in any more, and Unavailable when it cannot be asked for a new token."""
        grant = await self.grant(user)
        if grant is None:
            return None
        if grant.revoked:
            raise _again()
        if grant.expires_at is None or grant.expires_at > self._now() + _EARLY:
            return grant.access
        if user not in self._refreshing:
            task = self._refreshing[user] = asyncio.create_task(self._refreshed(grant))
            task.add_done_callback(lambda done: self._landed(user, done))
        return (await asyncio.shield(self._refreshing[user])).access

    async def grant(self, user: str) -> GitHubGrant | None:
        async with self._store.read() as transaction:
            return await transaction.github_grants.find(user)

    async def keep(self, user: str, kind: GrantKind, granted: Granted) -> None:
        """From a sign-in; what it replaces is ended."""
        before = await self.grant(user)
        grant = GitHubGrant(user, kind, granted.access, granted.refresh, granted.scopes, granted.expires_at)
        async with self._store.write() as transaction:
            await transaction.github_grants.put(grant)
        if before is not None and before.access != granted.access:
            self._end(before)

    async def forget(self, user: str) -> None:
        """At sign-out. GitHub is told on the side: it may not answer."""
        grant = await self.grant(user)
        if grant is None:
            return
        async with self._store.write() as transaction:
            await transaction.github_grants.remove(user)
        self._end(grant)

    async def _refreshed(self, grant: GitHubGrant) -> GitHubGrant:
        if self._oauth is None or grant.refresh is None:
            raise _again()
        try:
            granted = await self._oauth.refresh(grant.refresh)
        except SourceError as error:
            return await self._of_another(grant, error)
        newer = replace(
            grant,
            access=granted.access,
            refresh=granted.refresh or grant.refresh,
            expires_at=granted.expires_at,
            version=grant.version + 1,
        )
        async with self._store.write() as transaction:
            await transaction.github_grants.refresh(newer)
        return newer

    async def _of_another(self, grant: GitHubGrant, error: SourceError) -> GitHubGrant:
        """What another process, which was first with this refresh token, has stored."""
        known = await self.grant(grant.user)
        if known is not None and known.version > grant.version:
            return known
        if error.code not in _SPENT:
            raise error
        async with self._store.write() as transaction:
            await transaction.github_grants.mark_revoked(grant.user, grant.version)
        raise _again() from error

    def _landed(self, user: str, task: "asyncio.Task[GitHubGrant]") -> None:
        self._refreshing.pop(user, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it

    def _end(self, grant: GitHubGrant) -> None:
        if self._oauth is None or grant.kind is GrantKind.PASTED or grant.revoked:
            return
        task = asyncio.create_task(self._revoke(self._oauth, grant.access))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _revoke(self, oauth: GitHubOAuth, token: str) -> None:
        try:
            await self._github.revoke(oauth.client_id, oauth.client_secret, token)
        except DevGemError as error:
            _log.warning("a token was not ended at GitHub: %s", error.message)


def _again() -> SourceError:
    return SourceError(
        "GitHub does not take your sign-in any more",
        fix="Sign in to GitHub again.",
        code="github_sign_in_again",
    )
