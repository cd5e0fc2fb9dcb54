"""Makes and removes single resources so that a crash at any point does no harm.

Before a resource is asked for, the id of the request is noted, and before its operation is waited for, the
operation's name. Whoever comes next first sees that operation to its end, then looks whether the resource is there,
and asks, with the same id, only when it is not.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from devgem.clouds.google.balancer import Resource, Site
from devgem.clouds.google.notes import Notes
from devgem.domain.errors import Conflict, NotFound, Unavailable

_OPERATION, _REQUEST = "operation:", "request:"


@dataclass(frozen=True)
class Found:
    """A resource as Google has it: whose it is, and what only Google knows of it."""

    is_ours: bool
    values: Mapping[str, Any] = field(default_factory=dict)


class Maker(Protocol):
    """One family of resources. Every call raises errors of the house; NotFound where there is no such thing, Conflict
    where there is one already."""

    async def find(self, resource: Resource) -> Found | None: ...

    async def create(self, resource: Resource, request_id: str) -> str:
        """Begins to make it; the name of the operation."""

    async def remove(self, resource: Resource, request_id: str) -> str:
        """Begins to remove it; the name of the operation."""

    async def finish(self, resource: Resource, operation: str) -> None:
        """Waits for the operation. Raises NotFound when Google does not know it any more."""


class Construction:
    """`makers` by the kind of resource."""

    def __init__(self, site: Site, makers: Mapping[str, Maker], notes: Notes) -> None:
        self.site = site
        self._makers = makers
        self._notes = notes

    async def find(self, resource: Resource) -> Found | None:
        return await self._makers[resource.kind].find(resource)

    async def ensure(self, resource: Resource) -> Found:
        """The resource, made when it is not there. Raises Conflict for one of the same name that is not ours."""
        maker = self._makers[resource.kind]
        request_id = await self._go_on(maker, resource)
        found = await maker.find(resource)
        if found is None:
            request_id = request_id or str(uuid.uuid4())
            await self._notes.put(resource.key, _REQUEST + request_id)
            try:
                operation = await maker.create(resource, request_id)
            except Conflict:
                pass  # It was being made already.
            else:
                await self._complete(maker, resource, operation)
            found = await maker.find(resource)
        await self._notes.drop(resource.key)
        if found is None:
            said = f"the {resource.step} {resource.name!r} was made, and cannot be seen"
            raise Unavailable(said, fix="Run it again.", code="google_away")
        if not found.is_ours:
            raise self._not_ours(resource)
        return found

    async def remove(self, resource: Resource) -> bool:
        """Whether it is gone; False for one that is not ours, which stays."""
        maker = self._makers[resource.kind]
        await self._go_on(maker, resource)
        found = await maker.find(resource)
        if found is None or not found.is_ours:
            await self._notes.drop(resource.key)
            return found is None
        try:
            operation = await maker.remove(resource, str(uuid.uuid4()))
        except NotFound:
            pass
        else:
            await self._complete(maker, resource, operation)
        await self._notes.drop(resource.key)
        return True

    async def _go_on(self, maker: Maker, resource: Resource) -> str:
        """Sees to its end what was begun before; the id of a request that may or may not have been sent."""
        note = await self._notes.get(resource.key) or ""
        if note.startswith(_OPERATION):
            try:
                await maker.finish(resource, note.removeprefix(_OPERATION))
            except Unavailable as error:
                if error.code == "operation_failed":
                    await self._notes.drop(resource.key)
                raise
            except NotFound:
                pass
            await self._notes.drop(resource.key)
            return ""
        return note.removeprefix(_REQUEST)

    async def _complete(self, maker: Maker, resource: Resource, operation: str) -> None:
        await self._notes.put(resource.key, _OPERATION + operation)
        try:
            await maker.finish(resource, operation)
        except Unavailable as error:
            if error.code == "operation_failed":
                await self._notes.drop(resource.key)
            raise
        except NotFound:
            pass  # Google forgets operations; whether it did its work is seen at the resource.

    def _not_ours(self, resource: Resource) -> Conflict:
        return Conflict(
            f"there is a {resource.step} {resource.name!r} in {self.site.project} that this DevGem did not make",
            fix="Remove it, or use another domain; another DevGem on this project may need it.",
        )
