import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop

from devgem.gateway import Gateway, Limits, Site

from .peers import App, Message, Wire, connected


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], Any]]:
    """The edge process runs on uvloop."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class House:
    """A gateway that listens, and what is routed to it."""

    gateway: Gateway
    port: int
    stack: AsyncExitStack

    async def serve(self, app: App | Site, name: str = "a") -> App | Site:
        if isinstance(app, App):
            await self.stack.enter_async_context(app)
            self.gateway.route(name, [(app.backend(), 100)])
        else:
            self.gateway.route(name, [(app, 100)])
        return app

    async def wire(self, **options: int) -> Wire:
        return await self.stack.enter_async_context(connected(self.port, **options))

    async def ask(self, data: bytes) -> Message:
        async with connected(self.port) as wire:
            return await wire.ask(data)

    async def raw(self, data: bytes) -> bytes:
        """Everything that a gateway says to these bytes, until it closes the connection."""
        async with connected(self.port) as wire:
            await wire.send(data)
            return await wire.read_all()


@asynccontextmanager
async def open_house(**limits: Any) -> AsyncIterator[House]:
    gateway = Gateway(limits=Limits(**limits))
    async with AsyncExitStack() as stack:
        yield House(gateway, await gateway.listen("127.0.0.1", 0), stack)
        await gateway.close(0)


@pytest.fixture
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with open_house(**getattr(request, "param", {})) as house:
        yield house


def limited(**limits: Any) -> pytest.MarkDecorator:
    """The house of this test has other limits."""
    return pytest.mark.parametrize("house", [limits], indirect=True, ids=["limited"])


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits for something that another task brings about."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
