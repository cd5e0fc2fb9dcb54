"""Sessions in Redis, where every replica finds them without asking the database.

The database is the truth: what Redis does not hold, or does not say in time, is read there. An entry lives for a
minute, so that one which could not be dropped when its session ended is gone soon.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from devgem.domain.errors import Unavailable
from devgem.store import Session

Execute = Callable[..., Awaitable[Any]]
"""One Redis command: its words -> its answer. Raises Unavailable for whatever goes wrong."""

COMMAND_SECONDS = 0.2
_ENTRY_SECONDS = 60
_PAUSE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class SessionCache:
    def __init__(self, execute: Execute, command_seconds: float = COMMAND_SECONDS) -> None:
        self._execute = execute
        self._command_seconds = command_seconds
        self._pause_until = 0.0

    async def find(self, token: str) -> Session | None:
        """None: ask the database."""
        text = await self._ask("GET", _key_of(_hash(token)))
        if not isinstance(text, str):
            return None
        document = json.loads(text)
        times = (datetime.fromisoformat(document[name]) for name in ("created_at", "seen_at", "expires_at"))
        return Session(document["id"], document["user"], *times)

    async def keep(self, session: Session) -> None:
        document = {
            "id": session.id,
            "user": session.user,
            "created_at": session.created_at.isoformat(),
            "seen_at": session.seen_at.isoformat(),
            "expires_at": session.expires_at.isoformat(),
        }
        await self._ask("SET", _key_of(session.id), json.dumps(document), "EX", str(_ENTRY_SECONDS))

    async def drop(self, id: str) -> None:
        await self._ask("DEL", _key_of(id))

    async def drop_token(self, token: str) -> None:
        await self.drop(_hash(token))

    async def _ask(self, *words: str) -> Any:
        """None also when Redis is in trouble; it is then left alone for a second."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._pause_until:
            return None
        try:
            async with asyncio.timeout(self._command_seconds):
                return await self._execute(*words)
        except (TimeoutError, Unavailable) as error:
            _log.warning("sessions are read from the database: %s", str(error) or "Redis did not answer in time")
            self._pause_until = loop.time() + _PAUSE_SECONDS
            return None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key_of(id: str) -> str:
    return f"devgem:session:{id}"
