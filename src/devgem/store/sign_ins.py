"""Sign-ins that have been begun and not ended: each is taken up once, by who knows its state or handle, in time."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables
from devgem.store.vault import Vault

_sign_ins = tables.sign_ins


class SignIns:
    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def begin(
        self, kind: str, secret: str, facts: Mapping[str, Any], *, now: datetime, expires_at: datetime
    ) -> None:
        """`secret` is its state or handle, of which a hash is kept."""
        key = _hash(secret)
        await self._connection.execute(sa.delete(_sign_ins).where(_sign_ins.c.expires_at <= now))
        sealed = self._vault.seal(json.dumps(dict(facts)), "sign_ins", key.hex())
        values = {"id": key, "kind": kind, "facts": sealed, "expires_at": expires_at}
        await self._connection.execute(sa.insert(_sign_ins).values(values))

    async def find(self, kind: str, secret: str, *, now: datetime) -> dict[str, Any] | None:
        """What is known of one that was begun, unless it is too old."""
        row = (await self._connection.execute(sa.select(_sign_ins).where(*_is(kind, secret, now)))).first()
        return None if row is None else self._facts(row)

    async def take(self, kind: str, secret: str, *, now: datetime) -> dict[str, Any] | None:
        """As `find`; it is gone then, so that nobody takes it twice."""
        query = sa.delete(_sign_ins).where(*_is(kind, secret, now)).returning(_sign_ins)
        row = (await self._connection.execute(query)).first()
        return None if row is None else self._facts(row)

    def _facts(self, row: sa.Row[Any]) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self._vault.open(row.facts, "sign_ins", row.id.hex()))
        return facts


def _is(kind: str, secret: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _sign_ins.c.id == _hash(secret), _sign_ins.c.kind == kind, _sign_ins.c.expires_at > now


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
