"""The Cloud Run services of apps: found, changed and deleted, each only where DevGem made it.

A change is of the service as it was seen: its etag goes with it, and when somebody was quicker it is looked at again.
The name of the operation is noted before anybody waits for it, so that a process that comes later waits for the same.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import RACED, Calls, whole
from devgem.clouds.google.notes import Notes
from devgem.domain.errors import Conflict, InvalidInput, NotFound, Unavailable

ROLE = "roles/run.admin"
_RACES = 5
_REVISION_TARGET = 2  # TrafficTargetAllocationType: a revision by its name
_MASKS: Mapping[str, Sequence[str]] = {
    "release": ("template", "traffic", "labels", "ingress", "invoker_iam_disabled"),
    "shift": ("traffic",),
}

Target = tuple[str, int, str]
"""The short name of a revision, its percent of the traffic, and its tag or none."""


class Services:
    """`patience_seconds` is how long an operation may take."""

    def __init__(
        self, admin: Administration, site: Site, notes: Notes, calls: Calls, *, patience_seconds: float = 400.0
    ) -> None:
        self._admin = admin
        self._site = site
        self._notes = notes
        self._call = calls
        self._patience_seconds = patience_seconds

    @property
    def parent(self) -> str:
        return f"projects/{self._site.project}/locations/{self._site.region}"

    def name_of(self, app: str) -> str:
        return f"{self.parent}/services/{naming.service_of(app)}"

    async def find(self, app: str) -> Any:
        """The service; None where there is none. Raises Conflict for one that this DevGem did not make."""
        service = naming.service_of(app)
        try:
            found: Any = await self._call(
                self._admin.runs.get_service,
                {"name": self.name_of(app)},
                to=f"look at the service {service!r}",
                role=ROLE,
            )
        except NotFound:
            return None
        if not naming.is_marked(self._site, found.labels, app):
            raise Conflict(
                f"there is a service {service!r} in {self._site.region} that this DevGem did not make",
                fix="Give the app another name; a project that two of them share needs names that differ.",
                code="not_ours",
            )
        return found

    async def get(self, app: str) -> Any:
        """The service. Raises Conflict when it is gone: somebody has deleted it by hand."""
        found = await self.find(app)
        if found is None:
            raise Conflict(
                f"the service {naming.service_of(app)!r} is gone from Cloud Run: somebody has deleted it",
                fix="Deploy again, which makes a new one.",
                code="service_gone",
            )
        return found

    async def revisions(self, app: str) -> list[Any]:
        """All that Cloud Run has of the app, oldest first."""
        request = {"parent": self.name_of(app), "page_size": 100}
        to = f"list the revisions of {app!r}"
        try:
            found = await self._call(whole(self._admin.revisions.list_revisions), request, to=to, role=ROLE)
        except NotFound:
            return []
        return sorted(found, key=lambda revision: (revision.create_time, revision.name))

    async def revision(self, app: str, name: str) -> Any:
        """One by its short name; None where there is none (yet)."""
        request = {"name": f"{self.name_of(app)}/revisions/{name}"}
        try:
            return await self._call(self._admin.revisions.get_revision, request, to=f"look at {name}", role=ROLE)
        except NotFound:
            return None

    async def create(self, app: str, service: Mapping[str, Any]) -> None:
        """Begins to make the service; one that is there already is none's fault: look again."""
        request = {"parent": self.parent, "service_id": naming.service_of(app), "service": service}
        begun = await self._call(
            self._admin.runs.create_service, request, to=f"make the service {naming.service_of(app)!r}", role=ROLE
        )
        await self._notes.put(self._key(app), begun.operation.name)

    async def change(self, app: str, what: str, change: Callable[[Any], bool]) -> bool:
        """Begins to change the service as `change` does, which says whether there is anything to change; `what` is
        "release" or "shift". Whether anything was begun."""
        for _ in range(_RACES):
            service = await self.get(app)
            if not change(service):
                return False
            request = {"service": service, "update_mask": {"paths": list(_MASKS[what])}}
            to = f"change the service {naming.service_of(app)!r}"
            try:
                begun = await self._call.once(self._admin.runs.update_service, request, to=to, role=ROLE)
            except Conflict as error:
                if error.code != RACED:
                    raise
            except Unavailable as error:
                # It may have been done: that is seen at the service.
                if error.code not in ("google_away", "quota"):
                    raise
            else:
                await self._notes.put(self._key(app), begun.operation.name)
                return True
            await self._call.pause()
        raise Unavailable(
            f"the service {naming.service_of(app)!r} could not be changed: Google was busy or others changed it too",
            fix="Try again in a minute.",
            code="google_away",
        )

    async def operation(self, app: str) -> Any:
        """What was last begun, as it is now; None where nothing is, or Google has forgotten it."""
        name = await self._notes.get(self._key(app))
        if name is None:
            return None
        operations = self._admin.runs.transport.operations_client

        async def look(*, request: str, retry: Any, timeout: float) -> Any:
            return await operations.get_operation(request, retry=retry, timeout=timeout)

        try:
            found = await self._call(look, name, to="look at what Cloud Run does", role=ROLE)
        except NotFound:
            await self.settled(app)
            return None
        return found

    async def settled(self, app: str) -> None:
        """Nothing is waited for any more."""
        await self._notes.drop(self._key(app))

    async def finish(self, app: str) -> str:
        """Waits for what was begun; what went wrong with it, or nothing."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                while (operation := await self.operation(app)) is not None and not operation.done:
                    await self._call.pause()
        except TimeoutError:
            raise Unavailable(
                f"Cloud Run is still not done with {naming.service_of(app)!r}",
                fix="Look at https://status.cloud.google.com, and try again.",
                code="google_away",
            ) from None
        await self.settled(app)
        return str(operation.error.message) if operation is not None and operation.HasField("error") else ""

    async def delete(self, app: str) -> None:
        """With all of its revisions. Idempotent; waits until it is gone."""
        if await self.find(app) is None:
            await self.settled(app)
            return
        request, to = {"name": self.name_of(app)}, f"delete the service {naming.service_of(app)!r}"
        try:
            begun: Any = await self._call(self._admin.runs.delete_service, request, to=to, role=ROLE)
        except NotFound:
            return
        await self._notes.put(self._key(app), begun.operation.name)
        if wrong := await self.finish(app):
            raise Unavailable(f"could not {to}: {wrong}", code="operation_failed")

    async def delete_revision(self, app: str, name: str) -> bool:
        """Whether it is gone; Cloud Run keeps one that is in use or its service's latest."""
        request = {"name": f"{self.name_of(app)}/revisions/{name}"}
        try:
            await self._call(self._admin.revisions.delete_revision, request, to=f"delete {name}", role=ROLE)
        except NotFound:
            return True
        except (InvalidInput, Conflict):
            return False
        return True

    def _key(self, app: str) -> str:
        return f"run/{app}"


def targets(service: Any) -> list[Target]:
    """Where the traffic goes, by name: "the latest" is the latest that is ready."""
    latest = service.latest_ready_revision.rsplit("/", 1)[-1]
    named = [(target.revision.rsplit("/", 1)[-1] or latest, target.percent, target.tag) for target in service.traffic]
    return [target for target in named if target[0]]


def set_targets(service: Any, wanted: Sequence[Target]) -> None:
    """Replaces where the traffic goes; each tag once."""
    service.traffic = [
        {"type_": _REVISION_TARGET, "revision": name, "percent": percent, "tag": tag} for name, percent, tag in wanted
    ]
