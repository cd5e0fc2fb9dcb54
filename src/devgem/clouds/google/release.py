"""Starts revisions without traffic, moves traffic between them, and ends them.

Which Cloud Run revision is `v3` of an app is written in its labels: a restart, or a start after one that failed, makes
another one of the same number, and the newest counts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from devgem.clouds.google import naming, shape
from devgem.clouds.google.accounts import Accounts
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import Calls
from devgem.clouds.google.secrets import Reference, Secrets
from devgem.clouds.google.services import Services, set_targets, targets
from devgem.domain.app import Revision, Traffic
from devgem.domain.errors import Conflict, NotFound, Unavailable

KEPT_REVISIONS = 20
_READY, _FAILED = 4, 3  # Condition.State
_AT_REST = (2, 3, 4)  # Condition.RevisionReason: reserve, retired, retiring
_ATTEMPTS = 4
_INGRESS_ALL = 1


class Releases:
    def __init__(
        self,
        admin: Administration,
        site: Site,
        services: Services,
        accounts: Accounts,
        secrets: Secrets,
        calls: Calls,
        *,
        scale: shape.Scale,
    ) -> None:
        self._admin = admin
        self._site = site
        self._services = services
        self._accounts = accounts
        self._secrets = secrets
        self._call = calls
        self._scale = scale

    async def release(self, revision: Revision) -> None:
        """Begins to start it. Raises NotFound when its image is gone."""
        app, number = revision.app, revision.number
        await self._services.finish(app)
        for _ in range(_ATTEMPTS):
            service = await self._services.find(app)
            held = of_number(await self._services.revisions(app) if service is not None else [], app, number)
            newest = newest_of(held)
            if newest is not None and state_of(newest) != _FAILED:
                return await self._tag(app, number, short(newest))
            await self._check_image(revision)
            name = naming.revision_of(app, number, _next_attempt(held, app, number))
            if await self._begin(revision, name, is_new=service is None):
                return None
        raise Unavailable(f"the service of {app!r} could not be made", fix="Try again.", code="google_away")

    async def _begin(self, revision: Revision, name: str, *, is_new: bool) -> bool:
        """False when another attempt was quicker, and what it has made is to be looked at."""
        app, number = revision.app, revision.number
        try:
            wanted = await self._template(revision, name)
            if is_new:
                await self._services.create(app, self._new_service(app, wanted, number))
            else:
                await self._services.change(app, "release", lambda service: _add(service, wanted, name, number))
        except Conflict as error:
            if error.code != Conflict.code:
                raise
            return False
        except NotFound as error:  # Not the image, which was there.
            raise Unavailable(error.message, fix="Try again in a minute.", code="google_away") from error
        return True

    async def shift(self, app: str, traffic: Traffic) -> None:
        """Waits until the traffic goes where it is to go; old revisions stay, without a tag."""
        if wrong := await self._shift(app, traffic, await self._numbered(app)):
            raise Unavailable(f"Cloud Run did not move the traffic of {app!r}: {wrong}", code="operation_failed")
        await self._clear_out(app)

    async def discard(self, revision: Revision) -> None:
        """One that is the app's only one goes with all that was made for it."""
        app = revision.app
        await self._services.finish(app)
        service = await self._services.find(app)
        if service is None:
            return
        found = await self._services.revisions(app)
        doomed = {short(one) for one in of_number(found, app, revision.number)}
        served = {name for name, percent, _ in targets(service) if percent}
        if doomed >= served:
            if not any(state_of(one) == _READY and short(one) not in doomed for one in found):
                await self.delete(app)
            return
        kept = [target for target in targets(service) if target[0] not in doomed]
        if len(kept) < len(service.traffic):
            await self._services.change(app, "shift", lambda one: _drop(one, doomed))
            await self._services.finish(app)
        gone = [name for name in doomed if await self._services.delete_revision(app, name)]
        await self._secrets.keep(app, _references(one for one in found if short(one) not in gone))

    async def restart(self, app: str) -> None:
        """A new Cloud Run revision of what has the traffic, which gets it when it is ready."""
        await self._services.finish(app)
        service = await self._services.get(app)
        found = await self._services.revisions(app)
        shares = {name: percent for name, percent, _ in targets(service) if percent}
        live = [one for one in found if short(one) in shares]
        numbers = {number_of(one) for one in live}
        if len(numbers) != 1 or None in numbers:
            raise Conflict(
                f"the traffic of {app!r} is divided, or goes to what DevGem did not release",
                fix="Give it to one revision with a rollback or a deployment, then restart.",
                code="traffic_divided",
            )
        number = numbers.pop()
        assert number is not None
        name = naming.revision_of(app, number, _next_attempt(of_number(found, app, number), app, number))
        template = _template_of(live[-1], name)
        await self._services.change(app, "release", lambda one: _add(one, template, name, number))
        wrong = await self._services.finish(app)
        made = await self._services.revision(app, name)
        if made is None or state_of(made) != _READY:
            await self._services.change(app, "shift", lambda one: _drop(one, {name}))
            await self._services.finish(app)
            await self._services.delete_revision(app, name)
            raise Conflict(
                f"{app!r} v{number} did not start again, and goes on as it was: {wrong or 'it was not ready'}",
                fix=f"Its log says more: devgem logs {app}.",
                code="restart_failed",
            )
        await self.shift(app, Traffic({number: 100}))

    async def delete(self, app: str) -> None:
        """All that was made for the app; tries everything before it says what is left, and how to remove that."""
        remains = []
        project = f"--project={self._site.project}"
        service = f"gcloud run services delete {naming.service_of(app)} --region={self._site.region} {project}"
        account = f"gcloud iam service-accounts delete {naming.email_of(self._site, app)} {project}"
        listing = f"gcloud secrets list --filter=labels.{naming.APP}={app} {project}"
        for remove, what, command in (
            (self._services.delete, "its service", service),
            (self._secrets.delete, "its secrets", listing),
            (self._accounts.delete, "its service account", account),
        ):
            try:
                await remove(app)
            except (Unavailable, NotFound) as error:
                remains.append((what, error.message, command))
            except Conflict as error:
                if error.code != "not_ours":
                    remains.append((what, error.message, command))
        if remains:
            said = "; ".join(f"{what} ({why})" for what, why, _ in remains)
            raise Unavailable(
                f"not all of {app!r} could be removed from Google Cloud; left: {said}",
                fix="Remove the app again, or by hand: " + "; ".join(command for *_, command in remains),
                code="left_behind",
            )

    async def name_of(self, app: str, number: int) -> str | None:
        """The Cloud Run revision that counts as this one."""
        return (await self._numbered(app)).get(number)

    async def _template(self, revision: Revision, name: str) -> Mapping[str, Any]:
        account = await self._accounts.ensure(revision.app)
        held = await self._secrets.ensure(revision.app, shape.secret_values(revision), account)
        return shape.template(self._site, revision, name, account, held, self._scale)

    def _new_service(self, app: str, template: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        # The first revision of a service cannot be without traffic; its address is told only after it answered.
        first = {"type_": 2, "revision": template["revision"], "percent": 100, "tag": naming.tag_of(number)}
        return {
            "labels": dict(naming.labels_of(self._site, app)),
            "template": template,
            "traffic": [first],
            "ingress": _INGRESS_ALL,
            "invoker_iam_disabled": True,
        }

    async def _check_image(self, revision: Revision) -> None:
        """By its digest; tags move. Raises NotFound."""
        _, _, rest = naming.image_of(self._site, revision).partition("/")
        project, repository, image = rest.split("/", 2)
        parent = f"projects/{project}/locations/{self._site.region}/repositories/{repository}"
        await self._call(
            self._admin.registry.get_docker_image,
            {"name": f"{parent}/dockerImages/{quote(image, safe='@:')}"},
            to=f"find the image of {revision.app!r} v{revision.number}",
            role="roles/artifactregistry.repoAdmin",
        )

    async def _tag(self, app: str, number: int, name: str) -> None:
        """So that it can be asked, wherever the traffic goes."""

        def tagged(service: Any) -> bool:
            tag, held = naming.tag_of(number), targets(service)
            if any(one[0] == name and one[2] == tag for one in held):
                return False
            kept = [(one, percent, "" if each == tag else each) for one, percent, each in held]
            set_targets(service, [*(one for one in kept if one[1] or one[2]), (name, 0, tag)])
            return True

        await self._services.change(app, "shift", tagged)

    async def _numbered(self, app: str) -> dict[int, str]:
        found = await self._services.revisions(app)
        numbers = ((number_of(one), short(one)) for one in found if state_of(one) != _FAILED)
        return {number: name for number, name in numbers if number is not None}

    async def _shift(self, app: str, traffic: Traffic, names: Mapping[int, str]) -> str:
        shares = {number: percent for number, percent in traffic.shares.items() if percent}
        if missing := [number for number in shares if number not in names]:
            await self._services.get(app)
            raise Conflict(
                f"{app!r} v{missing[0]} is gone from Cloud Run, or did not start there",
                fix="Deploy again.",
                code="revision_gone",
            )
        wanted = [(names[number], percent, naming.tag_of(number)) for number, percent in shares.items()]

        def moved(service: Any) -> bool:
            if sorted(targets(service)) == sorted(wanted):
                return False
            set_targets(service, wanted)
            return True

        await self._services.finish(app)
        await self._services.change(app, "shift", moved)
        return await self._services.finish(app)

    async def _clear_out(self, app: str) -> None:
        """Revisions that are too old to go back to, and the values that only they had."""
        found = await self._services.revisions(app)
        if len(found) <= KEPT_REVISIONS:
            return
        in_use = {name for name, *_ in targets(await self._services.get(app))}
        old = [short(one) for one in found[:-KEPT_REVISIONS] if short(one) not in in_use]
        gone = {name for name in old if await self._services.delete_revision(app, name)}
        await self._secrets.keep(app, _references(one for one in found if short(one) not in gone))


def short(revision: Any) -> str:
    """The last part of a name."""
    return str(revision.name.rsplit("/", 1)[-1])


def number_of(revision: Any) -> int | None:
    """Which of the app's revisions it is; None for what was not released by DevGem."""
    said = revision.labels.get(naming.NUMBER, "")
    return int(said) if said.isdecimal() else None


def of_number(found: Sequence[Any], app: str, number: int) -> list[Any]:
    """All attempts at one of the app's revisions, oldest first."""
    attempts = [one for one in found if number_of(one) == number]
    return sorted(attempts, key=lambda one: naming.attempt_of(one.name, app, number))


def newest_of(attempts: Sequence[Any]) -> Any:
    """The attempt that counts: the newest that did not fail, else the newest; None of none."""
    good = [one for one in attempts if state_of(one) != _FAILED]
    return (good or list(attempts) or [None])[-1]


def state_of(revision: Any) -> int:
    """The state of its condition "Ready"; 0 where it has none yet. One that was ready and has no instances now, since
    nobody asks it, still is."""
    condition = ready_condition(revision)
    if condition is None:
        return 0
    return _READY if int(condition.revision_reason) in _AT_REST else int(condition.state)


def ready_condition(revision: Any) -> Any:
    """None where it has none yet."""
    return next((one for one in revision.conditions if one.type_ == "Ready"), None) if revision is not None else None


def _next_attempt(held: Sequence[Any], app: str, number: int) -> int:
    return max((naming.attempt_of(one.name, app, number) for one in held), default=0) + 1


def _add(service: Any, template: Any, name: str, number: int) -> bool:
    """The revision beside those that have the traffic, with none of it."""
    tag = naming.tag_of(number)
    if service.template.revision == name:
        return False  # It is being made: the answer that said so was lost.
    kept = [(one, percent, "" if each == tag else each) for one, percent, each in targets(service)]
    service.template = template
    service.invoker_iam_disabled = True
    service.ingress = _INGRESS_ALL
    set_targets(service, [*(one for one in kept if one[1] or one[2]), (name, 0, tag)])
    return True


def _drop(service: Any, names: set[str]) -> bool:
    kept = [target for target in targets(service) if target[0] not in names or target[1]]
    if len(kept) == len(service.traffic):
        return False
    set_targets(service, kept)
    return True


def _template_of(revision: Any, name: str) -> Any:
    """A template that makes the same again, under another name."""
    from google.cloud import run_v2

    return run_v2.RevisionTemplate(
        revision=name,
        labels=dict(revision.labels),
        annotations={shape.STARTED_AT: datetime.now(UTC).strftime("%Y%m%dT%H%M%S")},
        service_account=revision.service_account,
        timeout=revision.timeout,
        containers=revision.containers,
        execution_environment=revision.execution_environment,
        max_instance_request_concurrency=revision.max_instance_request_concurrency,
        scaling=revision.scaling,
    )


def _references(revisions: Any) -> set[Reference]:
    references = (
        variable.value_source.secret_key_ref
        for revision in revisions
        for container in revision.containers
        for variable in container.env
    )
    return {(one.secret.rsplit("/", 1)[-1], one.version) for one in references if one.secret}
