"""The models that answer, behind the quota engine: imported and connected after the socket is open.

Without an endpoint the offline planner answers.
"""

import asyncio
import dataclasses
import importlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devgem.agent.brain import Asker, Brain
from devgem.config import Settings
from devgem.domain.errors import InvalidInput
from devgem.llm.endpoints import Access, Address, addresses, check_url, key_digest, read_places
from devgem.quota import Board, Endpoint, Ledger, Limits, MemoryLedger, Quota
from devgem.quota.history import STEP, History, Minute
from devgem.store import Store
from devgem.web.routes.keys import NAME as GEMINI_KEY

if TYPE_CHECKING:
    from devgem.llm.routes import Routes

_MODULES = ("devgem.llm.routed", "devgem.llm.google", "devgem.llm.offline")
_MOST_USERS = 256


class Models:
    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._access = Access(
            project=settings.google_cloud_project,
            operator_key=settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else "",
            vertex_url=check_url("DEVGEM_VERTEX_URL", settings.vertex_url),
            gemini_url=check_url("DEVGEM_GEMINI_URL", settings.gemini_url),
        )
        self._places = read_places(settings.endpoints, settings.gemini_model)
        self._of_user: dict[str, tuple[Address, ...]] = {}
        self._opening: asyncio.Task[tuple[Quota, Routes]] | None = None
        self._history = History()
        self._noting: asyncio.Task[None] | None = None

    async def choose(self, asker: Asker) -> Brain:
        """The routed model over the endpoints that this user has, or the offline planner."""
        where = await self._addresses(asker.user)
        if not where:
            from devgem.llm.offline import OfflineModel

            return Brain(OfflineModel(), is_metered=False)
        from devgem.llm.routed import RoutedModel
        from devgem.llm.routes import Purpose

        _, routes = await self._open()
        purpose = Purpose(where, asker.priority, task=asker.priority.name.lower(), observe=asker.observe)
        return Brain(RoutedModel(routes, purpose))

    async def board(self, user: str) -> Board:
        """Without an endpoint there is nothing to show, and nothing is opened for it."""
        where = await self._addresses(user)
        if not where:
            return Board(endpoints=(), waiting={})
        quota, _ = await self._open()
        return await quota.board([address.endpoint for address in where])

    async def history(self, user: str) -> Mapping[str, tuple[Minute, ...]]:
        """The last hour of each endpoint on the user's board, since this process has used a model."""
        return self._history.of(await self.board(user))

    async def warm(self) -> None:
        """Imports what the first answer needs."""
        for module in _MODULES:
            await asyncio.to_thread(importlib.import_module, module)

    async def close(self) -> None:
        if self._noting is not None:
            self._noting.cancel()
            await asyncio.gather(self._noting, return_exceptions=True)
        if self._opening is not None:
            quota, routes = await self._opening
            await routes.close()
            await quota.close()

    async def _addresses(self, user: str) -> tuple[Address, ...]:
        async with self._store.read() as transaction:
            key = await transaction.user_keys.get(user, GEMINI_KEY) or ""
        name = key_digest(key) if key else ""
        found = self._of_user.get(name)
        if found is None:
            if len(self._of_user) >= _MOST_USERS:
                self._of_user.clear()
            found = self._of_user[name] = tuple(map(self._cautious, addresses(self._places, self._access, key)))
        return found

    def _cautious(self, address: Address) -> Address:
        share, limits = self._settings.quota_safety, address.endpoint.limits
        stated = (limits.rpm, limits.tpm, limits.rph, limits.tph)
        cut = Limits(*(None if limit is None else max(1, int(limit * share)) for limit in stated))
        endpoint: Endpoint = dataclasses.replace(address.endpoint, limits=cut)
        return dataclasses.replace(address, endpoint=endpoint)

    async def _open(self) -> "tuple[Quota, Routes]":
        if self._opening is None:
            self._opening = asyncio.create_task(self._connect())
        return await asyncio.shield(self._opening)

    async def _connect(self) -> "tuple[Quota, Routes]":
        await self.warm()
        from devgem.llm.attempt import Deadlines
        from devgem.llm.google import GoogleModels
        from devgem.llm.routes import Routes

        quota = Quota(await self._ledger())
        self._noting = asyncio.create_task(self._note(quota))
        deadlines = Deadlines()
        models = GoogleModels(read_seconds=deadlines.between_tokens)
        return quota, Routes(quota, models, deadlines=deadlines)

    async def _note(self, quota: Quota) -> None:
        while True:
            await asyncio.sleep(STEP.total_seconds())
            known = {address.endpoint.id: address.endpoint for some in self._of_user.values() for address in some}
            self._history.note(await quota.board(list(known.values())), datetime.now(UTC))

    async def _ledger(self) -> Ledger:
        settings = self._settings
        if not settings.redis_url and not settings.upstash_url:
            return MemoryLedger()
        connections = await asyncio.to_thread(importlib.import_module, "devgem.quota.connections")
        async with self._store.read() as transaction:
            replicas = max(1, await transaction.replicas.count())
        ledger: Ledger
        if settings.upstash_url:
            assert settings.upstash_token is not None  # checked with the settings
            token = settings.upstash_token.get_secret_value()
            ledger = connections.over_rest(settings.upstash_url, token, processes=lambda: replicas)
        else:
            assert settings.redis_url is not None
            ledger = connections.over_tcp(settings.redis_url.get_secret_value(), processes=lambda: replicas)
        return ledger


def check(settings: Settings) -> None:
    """Raises InvalidInput for settings about models that cannot be used, before anything is started."""
    read_places(settings.endpoints, settings.gemini_model)
    check_url("DEVGEM_VERTEX_URL", settings.vertex_url)
    check_url("DEVGEM_GEMINI_URL", settings.gemini_url)
    if bool(settings.upstash_url) != (settings.upstash_token is not None):
        raise InvalidInput(
            "only one of UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN is set", fix="Set both, or neither."
        )
