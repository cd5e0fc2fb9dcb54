"""What MCP clients were granted: the clients themselves, and the codes and tokens of each grant, of which the database
holds hashes only.

A grant is one consent of the operator; everything that comes from it goes with it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables
from devgem.store.vault import Vault

_clients = tables.oauth_clients
_tokens = tables.oauth_tokens
_UNUSED_KEPT = timedelta(days=1)


class TokenKind(StrEnum):
    CODE = "code"
    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True)
class Issued:
    """A code or token as it was issued; `resource` is where it is good for. A code and a refresh token are `spent`
    once they were exchanged."""

    kind: TokenKind
    grant: str
    client: str
    user: str
    scopes: Sequence[str]
    resource: str
    expires_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    spent: bool = False


@dataclass(frozen=True)
class Grant:
    """What is in force of one consent; `expires_at` is when the last of its tokens ends."""

    id: str
    client: str
    scopes: Sequence[str]
    expires_at: datetime


class Grants:
    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add_client(self, id: str, document: str, *, now: datetime, limit: int) -> bool:
        """Whether the client was taken in: at most `limit` are kept, those that never got a token for a day."""
        used = sa.select(_tokens.c.client)
        old = (_clients.c.created_at < now - _UNUSED_KEPT, _clients.c.id.not_in(used))
        await self._connection.execute(sa.delete(_clients).where(*old))
        count = (await self._connection.execute(sa.select(sa.func.count()).select_from(_clients))).scalar_one()
        if count >= limit:
            return False
        sealed = self._vault.seal(document, "oauth_clients", id)
        await self._connection.execute(sa.insert(_clients).values(id=id, document=sealed, created_at=now))
        return True

    async def client(self, id: str) -> str | None:
        """The client's document."""
        sealed = (await self._connection.execute(sa.select(_clients.c.document).where(_clients.c.id == id))).scalar()
        return None if sealed is None else self._vault.open(sealed, "oauth_clients", id)

    async def issue(self, token: str, issued: Issued, *, now: datetime) -> None:
        await self._connection.execute(sa.delete(_tokens).where(_tokens.c.expires_at <= now))
        values = {**vars(issued), "scopes": list(issued.scopes), "facts": dict(issued.facts), "hash": _hash(token)}
        await self._connection.execute(sa.insert(_tokens).values(values))

    async def find(self, token: str, kind: TokenKind, *, now: datetime) -> Issued | None:
        """The code or token, spent or not, unless it has expired or was revoked."""
        where = (_tokens.c.hash == _hash(token), _tokens.c.kind == kind, _tokens.c.expires_at > now)
        row = (await self._connection.execute(sa.select(_tokens).where(*where))).first()
        return _issued(row) if row else None

    async def spend(self, token: str) -> bool:
        """Whether it was not spent before, and is now."""
        where = (_tokens.c.hash == _hash(token), sa.not_(_tokens.c.spent))
        query = sa.update(_tokens).where(*where).values(spent=True).returning(_tokens.c.grant)
        return (await self._connection.execute(query)).first() is not None

    async def in_force(self, user: str, *, now: datetime) -> list[Grant]:
        """The user's grants that a client can still use, oldest first."""
        where = (
            _tokens.c.user == user,
            _tokens.c.expires_at > now,
            _tokens.c.kind != TokenKind.CODE,
            sa.not_(_tokens.c.spent),
        )
        found: dict[str, Grant] = {}
        query = sa.select(_tokens).where(*where).order_by(_tokens.c.grant, _tokens.c.expires_at)
        for row in await self._connection.execute(query):
            found[row.grant] = Grant(row.grant, row.client, tuple(row.scopes), row.expires_at)
        return list(found.values())

    async def revoke(self, grant: str) -> bool:
        """Ends a grant with everything that was issued for it. False when there is none."""
        query = sa.delete(_tokens).where(_tokens.c.grant == grant).returning(_tokens.c.grant)
        return (await self._connection.execute(query)).first() is not None


def _issued(row: sa.Row[Any]) -> Issued:
    return Issued(
        kind=TokenKind(row.kind),
        grant=row.grant,
        client=row.client,
        user=row.user,
        scopes=tuple(row.scopes),
        resource=row.resource,
        expires_at=row.expires_at,
        facts=row.facts,
        spent=row.spent,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
