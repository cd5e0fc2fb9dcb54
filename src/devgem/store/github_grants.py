"""What GitHub has granted users at sign-in: a token each, sealed with the user that it is of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables
from devgem.store.vault import Vault

_grants = tables.github_grants


class GrantKind(StrEnum):
    """How a token was come by: an OAuth app, a GitHub App, or pasted in by the user."""

    OAUTH = "oauth"
    APP = "app"
    PASTED = "pasted"


@dataclass(frozen=True)
class GitHubGrant:
    """`refresh` and `expires_at` are None for tokens that do not end by themselves. `version` counts the refreshes."""

    user: str
    kind: GrantKind
    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    scopes: Sequence[str] = ()
    expires_at: datetime | None = None
    version: int = 0
    revoked: bool = False


class GitHubGrants:
    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def find(self, user: str) -> GitHubGrant | None:
        """Raises Unavailable when it was stored with another secret key."""
        row = (await self._connection.execute(sa.select(_grants).where(_grants.c.user == user))).first()
        return self._grant(row) if row else None

    async def put(self, grant: GitHubGrant) -> None:
        """In the place of any earlier one."""
        await self.remove(grant.user)
        await self._connection.execute(sa.insert(_grants).values(user=grant.user, **self._values(grant)))

    async def refresh(self, grant: GitHubGrant) -> bool:
        """Stores what an exchange has brought, unless another process was first: whether it was stored."""
        where = (_grants.c.user == grant.user, _grants.c.version == grant.version - 1)
        query = sa.update(_grants).where(*where).values(self._values(grant)).returning(_grants.c.user)
        return (await self._connection.execute(query)).first() is not None

    async def mark_revoked(self, user: str, version: int) -> None:
        """GitHub does not take this version of it any more."""
        where = (_grants.c.user == user, _grants.c.version == version)
        await self._connection.execute(sa.update(_grants).where(*where).values(revoked=True))

    async def remove(self, user: str) -> None:
        await self._connection.execute(sa.delete(_grants).where(_grants.c.user == user))

    def _values(self, grant: GitHubGrant) -> dict[str, Any]:
        refresh = grant.refresh
        return {
            "kind": grant.kind,
            "access": self._vault.seal(grant.access, "github_grants", grant.user, "access"),
            "refresh": None if refresh is None else self._vault.seal(refresh, "github_grants", grant.user, "refresh"),
            "scopes": list(grant.scopes),
            "expires_at": grant.expires_at,
            "version": grant.version,
            "revoked": grant.revoked,
        }

    def _grant(self, row: sa.Row[Any]) -> GitHubGrant:
        place = ("github_grants", str(row.user))
        return GitHubGrant(
            user=row.user,
            kind=GrantKind(row.kind),
            access=self._vault.open(row.access, *place, "access"),
            refresh=None if row.refresh is None else self._vault.open(row.refresh, *place, "refresh"),
            scopes=tuple(row.scopes),
            expires_at=row.expires_at,
            version=row.version,
            revoked=row.revoked,
        )
