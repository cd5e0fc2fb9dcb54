"""Tool calls of turns: a journal. A call is noted as begun before it acts, so that no crash makes it act twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_calls = tables.calls


class CallStatus(StrEnum):
    ASKED = "asked"
    """Made by the model, not yet decided upon or waiting for an approval."""
    BEGUN = "begun"
    DONE = "done"


@dataclass(frozen=True)
class CallRow:
    """`asked_as` is the model's own id of the call; `result` is there once it is done; `deployment` is the one that it
    started, whose end was `told` to the conversation or not yet."""

    id: str
    conversation: str
    turn: str
    position: int
    asked_as: str
    tool: str
    arguments: Mapping[str, Any]
    status: CallStatus
    result: Mapping[str, Any] | None = None
    deployment: str | None = None
    told: bool = False


class Calls:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, call: CallRow) -> None:
        await self._connection.execute(sa.insert(_calls).values(vars(call)))

    async def of(self, turn: str) -> list[CallRow]:
        """In the order in which they were made."""
        query = sa.select(_calls).where(_calls.c.turn == turn).order_by(_calls.c.position)
        return [_call(row) for row in await self._connection.execute(query)]

    async def of_conversation(self, conversation: str) -> dict[str, list[CallRow]]:
        """By turn, each in the order in which they were made."""
        query = sa.select(_calls).where(_calls.c.conversation == conversation).order_by(_calls.c.position)
        found: dict[str, list[CallRow]] = {}
        for row in await self._connection.execute(query):
            found.setdefault(row.turn, []).append(_call(row))
        return found

    async def begin(self, id: str) -> bool:
        """Whether the call was not begun before, and is now."""
        where = (_calls.c.id == id, _calls.c.status == CallStatus.ASKED)
        query = sa.update(_calls).where(*where).values(status=CallStatus.BEGUN).returning(_calls.c.id)
        return (await self._connection.execute(query)).first() is not None

    async def finish(self, id: str, result: Mapping[str, Any], *, deployment: str | None = None) -> bool:
        """Whether the call was not done before, and is now."""
        where = (_calls.c.id == id, _calls.c.status != CallStatus.DONE)
        values = {"status": CallStatus.DONE, "result": dict(result), "deployment": deployment}
        query = sa.update(_calls).where(*where).values(values).returning(_calls.c.id)
        return (await self._connection.execute(query)).first() is not None

    async def untold(self) -> list[CallRow]:
        """Those that started a deployment whose end the conversation has not been told of."""
        where = (_calls.c.deployment.is_not(None), sa.not_(_calls.c.told))
        return [_call(row) for row in await self._connection.execute(sa.select(_calls).where(*where))]

    async def mark_told(self, id: str) -> None:
        await self._connection.execute(sa.update(_calls).where(_calls.c.id == id).values(told=True))

    async def deployments(self, conversation: str, *, limit: int) -> list[str]:
        """The ids of those that the conversation started, newest first."""
        where = (_calls.c.conversation == conversation, _calls.c.deployment.is_not(None))
        query = sa.select(_calls.c.deployment).where(*where).order_by(_calls.c.deployment.desc()).limit(limit)
        return [str(id) for id in (await self._connection.execute(query)).scalars()]


def _call(row: sa.Row[Any]) -> CallRow:
    return CallRow(
        id=row.id,
        conversation=row.conversation,
        turn=row.turn,
        position=row.position,
        asked_as=row.asked_as,
        tool=row.tool,
        arguments=row.arguments,
        status=CallStatus(row.status),
        result=row.result,
        deployment=row.deployment,
        told=row.told,
    )
