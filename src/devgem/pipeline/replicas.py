"""Several control processes on one PostgreSQL: each takes up what a dead one has left, and hears of cancellations.

A replica beats twice a second and is dead after three seconds of silence. If it was only slow, what it does later is
void: DBOS records no step of a workflow that another has taken up, facts carry keys, and outside effects carry ids.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta

from devgem.domain.errors import Unavailable
from devgem.pipeline.durable import Durable
from devgem.pipeline.interrupts import Interrupts
from devgem.store import Store

_BEAT_SECONDS = 0.5
_SILENCE = timedelta(seconds=3)

_log = logging.getLogger(__name__)


class Replicas:
    def __init__(self, store: Store, durable: Durable, interrupts: Interrupts) -> None:
        self._store = store
        self._durable = durable
        self._interrupts = interrupts
        self._beating: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """To be called before anything is taken up in this replica's name."""
        await self._beat()
        self._beating = asyncio.create_task(self._keep_beating())

    async def close(self) -> None:
        """To be called once nothing runs any more."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        with contextlib.suppress(Unavailable):  # then the silence tells
            async with self._store.write() as transaction:
                await transaction.replicas.resign(self._durable.executor)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            with contextlib.suppress(Unavailable):
                await self._beat()
                await self._bury()
                await self._hear_of_cancellations()

    async def _beat(self) -> None:
        async with self._store.write() as transaction:
            await transaction.replicas.beat(self._durable.executor)

    async def _bury(self) -> None:
        async with self._store.write() as transaction:
            for dead in await transaction.replicas.dead(_SILENCE):
                # Forgotten only once nothing of it is left: a recovery that fails midway is tried again.
                if await self._durable.take_up(dead):
                    _log.warning("replica %s is dead; what it left goes on", dead)
                    await transaction.replicas.forget(dead)

    async def _hear_of_cancellations(self) -> None:
        for id in self._interrupts.deployments:
            async with self._store.read() as transaction:
                row = await transaction.deployments.get(id)
            if row.cancel_requested:
                self._interrupts.interrupt(id)
