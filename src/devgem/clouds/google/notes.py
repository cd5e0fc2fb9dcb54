"""What must survive a crash: names of operations that were begun, by what they are for."""

from typing import Protocol


class Notes(Protocol):
    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, value: str) -> None: ...

    async def drop(self, key: str) -> None: ...
