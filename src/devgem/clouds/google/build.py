"""Builds on Cloud Build: begun once, however often it is asked for, watched to the end, and cancelled when left.

What survives a crash is a note of the build's id, put down before it is waited for. Should the crash come between the
start and the note, the build is found by its tag, which is the deployment's id.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from devgem.clouds.google import build_failures
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build_course import Course, Item
from devgem.clouds.google.build_logs import BuildLogs
from devgem.clouds.google.build_request import (
    ARGS,
    TOKEN,
    Order,
    Recipes,
    arguments,
    build_tag,
    image_name,
    request,
)
from devgem.clouds.google.build_secrets import BuildSecrets
from devgem.clouds.google.notes import Notes
from devgem.clouds.google.patience import Patient, Waiting
from devgem.clouds.google.roles import REPOSITORY
from devgem.clouds.google.troubles import is_passing
from devgem.domain.app import Build, Image, Progress
from devgem.domain.errors import DevGemError, NotFound
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.log import Redactor

Token = Callable[[Build], Awaitable[str | None]]
"""What a repository is fetched with; None for one that anybody may read."""

_ROLE = "roles/cloudbuild.builds.editor"
_ENDED = frozenset({"SUCCESS", "FAILURE", "INTERNAL_ERROR", "TIMEOUT", "CANCELLED", "EXPIRED"})
_WAITING = frozenset({"QUEUED", "PENDING"})
_AHEAD = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Looks:
    """Seconds between looks at a build: the first, and at most; how long the end of a log is waited for; and for how
    many looks in a row Cloud Build may not answer."""

    first_seconds: float = 0.25
    most_seconds: float = 5.0
    log_seconds: float = 8.0
    queue_seconds: float = 15.0
    misses: int = 30


LOOKS = Looks()


class GoogleBuilds:
    """While `is_stopping`, this process leaves builds to the next one, which finds them."""

    def __init__(
        self,
        patient: Patient,
        site: Site,
        notes: Notes,
        logs: BuildLogs,
        secrets: BuildSecrets,
        recipes: Recipes,
        token: Token,
        *,
        timeout_seconds: int = 1800,
        looks: Looks = LOOKS,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._patient = patient
        self._site = site
        self._notes = notes
        self._logs = logs
        self._secrets = secrets
        self._recipes = recipes
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._looks = looks
        self._is_stopping = is_stopping

    async def build(self, build: Build) -> AsyncIterator[Item]:
        """Ends with one Image or one Failure; closing the iterator cancels the build at Google too."""
        items: asyncio.Queue[Item] = asyncio.Queue(_AHEAD)
        course = Course(build, items.put)
        making = asyncio.create_task(self._make(course))
        try:
            while not making.done() or not items.empty():
                hearing = asyncio.ensure_future(items.get())
                await asyncio.wait([hearing, making], return_when=asyncio.FIRST_COMPLETED)
                if hearing.done():
                    yield hearing.result()
                else:
                    hearing.cancel()
            yield making.result()
        finally:
            if not making.done():
                making.cancel()
                await asyncio.wait([making])
                if not self._is_stopping():
                    await self._cancel(course)

    async def delete(self, app: str) -> None:
        """The images and the layer cache of an app; a preview has none of its own. Idempotent."""
        if parent_of(app):
            return
        package = f"{self._site.install}%2F{app}"
        name = {"name": f"{self._parent}/repositories/{REPOSITORY}/packages/{package}"}
        doing, role = f"delete the images of {app!r}", "roles/artifactregistry.repoAdmin"
        try:
            await self._patient.patiently(self._patient.admin.registry.delete_package, name, doing, role=role)
        except NotFound:
            return

    async def close(self) -> None:
        """Ends the reading of logs; builds go on."""
        await self._logs.close()

    async def _make(self, course: Course) -> Image | Failure:
        build = course.build
        if urlsplit(build.repository.location).scheme not in ("https", "http"):
            return _out_of_reach(build)
        try:
            found = await self._found(course) or await self._begun(course)
            course.id = found.id
            ended = await self._watched(course, found)
        except DevGemError as error:
            return replace(Failure.of(error), retryable=is_passing(error))
        await self._finished(course)
        if ended is None:
            return _lost(build)
        if ended.status.name != "SUCCESS":
            return build_failures.failure(build, ended, list(course.last), self._site)
        return await self._image(course, ended)

    async def _found(self, course: Course) -> Any:
        """The build that was begun before, if there is one."""
        note = await self._note(course.build)
        course.has_secrets = bool(note.get("secrets"))
        if id := note.get("build"):
            try:
                return await self._get(id, course)
            except NotFound:
                await course.say("Cloud Build no longer knows the build that was begun.")
        found = await self._by_tag(course)
        if found is not None:
            await self._put(course, found.id)
        return found

    async def _by_tag(self, course: Course) -> Any:
        """One that was cancelled is no longer meant: the deployment that goes on begins another."""
        tagged = await self._listed(f'tags="{build_tag(course.build.id)}"', "look for the build", course.waiting)
        candidates = [found for found in tagged if found.status.name != "CANCELLED"]
        return max(candidates, key=lambda found: found.create_time, default=None)

    async def _begun(self, course: Course) -> Any:
        """Whether a start whose answer was lost has had its effect is looked up before it is tried again."""
        order = await self._order(course)
        asked, builds, patience = request(order), self._patient.admin.builds, self._patient.patience
        await course.progress(Progress("Asking Cloud Build", 0.0))
        for attempt in range(1, patience.attempts + 1):
            try:
                operation = await self._patient.once(builds.create_build, asked, "start the build", role=_ROLE)
            except DevGemError as error:
                if attempt == patience.attempts or not is_passing(error):
                    raise
                await self._patient.wait(attempt, error, course.waiting)
                found = await self._by_tag(course)
            else:
                found = operation.metadata.build
            if found is not None:
                await self._put(course, found.id)
                return found
        raise AssertionError("the last attempt returns or raises")

    async def _order(self, course: Course) -> Order:
        build = course.build
        token = await self._token(build)
        values = {TOKEN: token} if token else {}
        if build.env:
            values[ARGS] = arguments(build.env)
        course.redact = Redactor([*build.env.values(), *([token] if token else [])])
        order = Order(build, self._site, self._recipes, self._timeout_seconds)
        request(order)  # What is too large is refused before anything is made.
        if not values:
            return order
        course.has_secrets = True
        await self._put(course, "")
        return replace(order, secrets=await self._secrets.keep(build, values, course.waiting))

    async def _watched(self, course: Course, found: Any) -> Any:
        """The build at its end; None when Cloud Build has lost it. Its log is told meanwhile."""
        with self._logs.listen(found.id, _since(found)) as listener:
            telling = asyncio.create_task(course.tell(listener.lines))
            try:
                ended = await self._ended(course, found, listener.ended)
                if ended is not None:
                    self._logs.hurry()
                    await _at_most(listener.ended.wait(), self._looks.log_seconds)
                await listener.lines.join()
                return ended
            finally:
                telling.cancel()
                await asyncio.wait([telling])

    async def _ended(self, course: Course, found: Any, log_ended: asyncio.Event) -> Any:
        pause, misses, places_at = self._looks.first_seconds, 0, 0.0
        clock = asyncio.get_running_loop().time
        while found.status.name not in _ENDED:
            if found.status.name in _WAITING and clock() >= places_at:
                places_at = clock() + self._looks.queue_seconds
                await self._tell_place(course, found)
            elif found.status.name == "WORKING":
                await course.progress(course.read.told(_elapsed(found)))
            await (_at_most(log_ended.wait(), pause) if not log_ended.is_set() else asyncio.sleep(pause))
            pause = min(pause * 1.4, self._looks.most_seconds)
            try:
                found = await self._patient.once(
                    self._patient.admin.builds.get_build, self._named(found.id), "look at the build", role=_ROLE
                )
                misses = 0
            except NotFound:
                return None
            except DevGemError as error:
                misses += 1
                if misses >= self._looks.misses or not is_passing(error):
                    raise
                await self._patient.wait(misses, error)
        return found

    async def _tell_place(self, course: Course, found: Any) -> None:
        asked = {
            "parent": self._parent,
            "project_id": self._site.project,
            "filter": 'status="QUEUED"',
            "page_size": 100,
        }
        try:
            builds = self._patient.admin.builds
            pager = await self._patient.once(builds.list_builds, asked, "see the queue", role=_ROLE)
            before = sum(1 for other in (await anext(pager.pages)).builds if other.create_time < found.create_time)
        except DevGemError:
            before = 0  # The place is only to be told; the look at the build itself tells of trouble.
        behind = f", behind {before} other{'s' if before > 1 else ''}" if before else ""
        await course.progress(Progress(f"Waiting for a place at Cloud Build{behind}", 0.0))

    async def _image(self, course: Course, ended: Any) -> Image | Failure:
        outputs = [bytes(output).decode("ascii", "replace").strip() for output in ended.results.build_step_outputs]
        digest = next((output for output in reversed(outputs) if output.startswith("sha256:")), "")
        if len(digest) != 71:
            cause = "the build has succeeded, and did not say which image it has pushed"
            return Failure("no_image", cause, f"Deploy again; see {ended.log_url}", retryable=True)
        await course.say(f"Pushed {image_name(self._site, course.build.app)}@{digest}")
        return Image(digest)

    async def _listed(self, filter: str, doing: str, waiting: Waiting | None = None) -> list[Any]:
        """The first page, which is the newest."""
        asked = {"parent": self._parent, "project_id": self._site.project, "filter": filter, "page_size": 100}
        call = self._patient.admin.builds.list_builds
        pager = await self._patient.patiently(call, asked, doing, role=_ROLE, waiting=waiting)
        return list((await anext(pager.pages)).builds)

    async def _get(self, id: str, course: Course) -> Any:
        get = self._patient.admin.builds.get_build
        return await self._patient.patiently(
            get, self._named(id), "look at the build", role=_ROLE, waiting=course.waiting
        )

    async def _cancel(self, course: Course) -> None:
        """Nobody waits any more. That it failed is only logged: the build then ends by its own time limit."""
        try:
            if not course.id:
                found = await self._by_tag(course)
                course.id = found.id if found is not None and found.status.name not in _ENDED else ""
            if course.id:
                cancel = self._patient.admin.builds.cancel_build
                await self._patient.patiently(cancel, self._named(course.id), "cancel the build", role=_ROLE)
            await self._finished(course)
        except DevGemError as error:
            where = f"gcloud builds cancel {course.id} --region={self._site.region} --project={self._site.project}"
            _log.warning("the build of %s may go on: %s. To end it: %s", course.build.app, error.message, where)

    async def _finished(self, course: Course) -> None:
        """Its note and secrets go; should it be asked for once more, its tag finds it."""
        await self._notes.drop(_key(course.build))
        if not course.has_secrets:
            return
        try:
            await self._secrets.drop(course.build)
        except DevGemError as error:
            _log.warning("secrets of the build %s stay until they expire: %s", course.build.id, error.message)

    async def _note(self, build: Build) -> dict[str, Any]:
        kept = await self._notes.get(_key(build))
        found: dict[str, Any] = json.loads(kept) if kept else {}
        return found

    async def _put(self, course: Course, id: str) -> None:
        note = {"build": id, "secrets": course.has_secrets}
        await self._notes.put(_key(course.build), json.dumps(note))

    def _named(self, id: str) -> dict[str, str]:
        return {"name": f"{self._parent}/builds/{id}", "project_id": self._site.project, "id": id}

    @property
    def _parent(self) -> str:
        return f"projects/{self._site.project}/locations/{self._site.region}"


def _key(build: Build) -> str:
    return f"build:{build.id}"


def _since(found: Any) -> datetime:
    return datetime.fromtimestamp(found.create_time.timestamp(), UTC) if found.create_time else datetime.now(UTC)


def _elapsed(found: Any) -> float:
    began = found.start_time or found.create_time
    return max(0.0, datetime.now(UTC).timestamp() - began.timestamp()) if began else 0.0


async def _at_most(waiting: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return


def _lost(build: Build) -> Failure:
    cause = (
        f"Cloud Build no longer knows the build of {build.app!r}: somebody has removed it, or its project was changed"
    )
    return Failure("build_lost", cause, "Deploy again.", retryable=True)


def _out_of_reach(build: Build) -> Failure:
    return Failure(
        "source_out_of_reach",
        cause=f"Cloud Build fetches the code itself, and cannot reach {build.repository.location}",
        fix="Deploy an https:// address, or deploy it with --cloud local.",
    )
