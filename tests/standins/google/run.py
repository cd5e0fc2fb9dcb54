"""Cloud Run: services, revisions that become ready or do not, and addresses at which they answer.

What an image does is said by its digest in `images`; a revision of an image that nobody described answers 200. A
revision is ready after it was looked at some times; whether it ever is follows from its image and its secrets.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
from aiohttp import web
from google.cloud import run_v2

from tests.standins.google import run_checks as checks
from tests.standins.google.front import Front, Handler
from tests.standins.google.iam import Iam
from tests.standins.google.peer import Peer, Trouble
from tests.standins.google.secret_manager import SecretManager

State, Reason = run_v2.Condition.State, run_v2.Condition.CommonReason
Log = Callable[[str, str, str, str], None]
"""Takes the service, the revision, the name of the log, and a line."""


@dataclass(frozen=True)
class Running:
    """A revision as its code sees it."""

    name: str
    env: dict[str, str]


@dataclass
class Image:
    """`answer` serves requests of a revision. `refuses` is why none of its revisions becomes ready, `lines` what it
    logs at its start, `looks` how often a revision is looked at before it is one or the other."""

    answer: Callable[[Running, web.Request], Any] | None = None
    refuses: str = ""
    reason: Any = Reason.COMMON_REASON_UNDEFINED
    lines: Sequence[str] = ()
    looks: int = 1


class Run:
    """Both the services and the revisions."""

    def __init__(self, peer: Peer, iam: Iam, secrets: SecretManager, front: Front, log: Log) -> None:
        self.services: dict[str, Any] = {}
        self.revisions: dict[str, Any] = {}
        self.images: dict[str, Image] = {}
        self.page_size = 100
        self._peer, self._iam, self._secrets, self._front, self._log = peer, iam, secrets, front, log
        self._looks: dict[str, int] = {}
        self._etags = itertools.count(1)
        self._turn = itertools.count()
        front.route = self._route

    async def ListServices(self, request: Any) -> Any:  # noqa: N802
        found = [one for name, one in sorted(self.services.items()) if name.startswith(f"{request.parent}/")]
        return run_v2.ListServicesResponse(services=found)

    async def GetService(self, request: Any) -> Any:  # noqa: N802
        return self._service(request.name)

    async def CreateService(self, request: Any) -> Any:  # noqa: N802
        service, id = run_v2.Service(request.service), request.service_id
        checks.service_id(id)
        checks.labels(service.labels)
        if service.name or service.etag:
            raise checks.invalid("service.name and service.etag must be empty")
        name = f"{request.parent}/services/{id}"
        if name in self.services:
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, f"Resource '{id}' already exists.")
        self._check(id, service, set())
        service.name = name
        service.create_time = datetime.now(UTC)
        service.uri = await self._front.open(id)
        return await self._begin(service)

    async def UpdateService(self, request: Any) -> Any:  # noqa: N802
        wanted, paths = request.service, list(request.update_mask.paths) if "update_mask" in request else []
        held = self._service(wanted.name)
        checks.mask(paths)
        if wanted.etag and wanted.etag != held.etag:
            raise Trouble(
                grpc.StatusCode.ABORTED,
                f"Conflict for '{wanted.name}': version '{wanted.etag}' was specified but current is '{held.etag}'",
            )
        service = run_v2.Service(held)
        for path in paths or sorted(checks.PATHS):
            setattr(service, path, getattr(wanted, path))
        checks.labels(service.labels)
        id = service.name.rsplit("/", 1)[-1]
        known = {name.rsplit("/", 1)[-1] for name in self.revisions if name.startswith(f"{service.name}/")}
        self._check(id, service, known)
        same = service.template.revision in known and service.template != held.template
        if same:
            message = f"Revision named '{service.template.revision}' with different configuration already exists."
            raise Trouble(grpc.StatusCode.ALREADY_EXISTS, message)
        return await self._begin(service)

    async def DeleteService(self, request: Any) -> Any:  # noqa: N802
        service = self._service(request.name)
        del self.services[service.name]
        for name in [name for name in self.revisions if name.startswith(f"{service.name}/")]:
            del self.revisions[name]
        return self._peer.begin(service.name.partition("/services/")[0], service, "delete")

    async def GetRevision(self, request: Any) -> Any:  # noqa: N802
        return self._looked_at(request.name)

    async def ListRevisions(self, request: Any) -> Any:  # noqa: N802
        self._service(request.parent)
        names = [name for name in self.revisions if name.startswith(f"{request.parent}/")][::-1]
        start = int(request.page_token or 0)
        end = start + min(self.page_size, request.page_size or self.page_size)
        token = str(end) if end < len(names) else ""
        found = [self._looked_at(name) for name in names[start:end]]
        return run_v2.ListRevisionsResponse(revisions=found, next_page_token=token)

    async def DeleteRevision(self, request: Any) -> Any:  # noqa: N802
        revision = self._looked_at(request.name)
        service = self._service(request.name.partition("/revisions/")[0])
        short = revision.name.rsplit("/", 1)[-1]
        if service.latest_created_revision.endswith(f"/{short}") or short in {one.revision for one in service.traffic}:
            message = f"Revision '{short}' cannot be deleted: it is the latest or has traffic."
            raise Trouble(grpc.StatusCode.FAILED_PRECONDITION, message)
        del self.revisions[revision.name]
        return self._peer.begin(service.name.partition("/services/")[0], revision, "delete-revision")

    def delete_by_hand(self, id: str) -> None:
        """As somebody would in the console."""
        for name in [name for name in self.services if name.endswith(f"/services/{id}")]:
            del self.services[name]
            for revision in [one for one in self.revisions if one.startswith(f"{name}/")]:
                del self.revisions[revision]

    def env_of(self, revision: Any) -> dict[str, str] | None:
        """What its processes get; None when a secret can't be read."""
        env = {}
        for one in revision.containers[0].env:
            reference = one.value_source.secret_key_ref
            if not reference.secret:
                env[one.name] = one.value
                continue
            value = self._secrets.value(reference.secret, reference.version, revision.service_account)
            if value is None:
                return None
            env[one.name] = value.decode()
        return {**env, "PORT": str(revision.containers[0].ports[0].container_port)}

    def _check(self, id: str, service: Any, known: set[str]) -> None:
        checks.template(id, service.template)
        checks.traffic(id, service.traffic, known | {service.template.revision})
        account = service.template.service_account
        if not any(name.endswith(f"/{account}") for name in self._iam.accounts):
            message = (
                f"Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
            )
            raise Trouble(grpc.StatusCode.PERMISSION_DENIED, message)

    async def _begin(self, service: Any) -> Any:
        id = service.name.rsplit("/", 1)[-1]
        # First, since nothing may come between what follows: a caller may go away at any moment.
        addresses = {one.tag: await self._front.open(f"{one.tag}---{id}") for one in service.traffic if one.tag}
        self.services[service.name] = service
        service.etag = f'"{next(self._etags)}"'
        service.generation += 1
        service.update_time = datetime.now(UTC)
        name = f"{service.name}/revisions/{service.template.revision}"
        begun = self._peer.begin(service.name.partition("/services/")[0], service, "change")
        if name not in self.revisions:
            self._make_revision(service, name)
        wrong = self._outcome(self.revisions[name])
        in_use = {one.revision for one in service.traffic}
        if wrong and name.rsplit("/", 1)[-1] in in_use:
            operation = self._peer.operations[begun.name]
            operation.ClearField("response")
            operation.error.code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
            short = name.rsplit("/", 1)[-1]
            operation.error.message = f"Revision '{short}' is not ready and cannot serve traffic. {wrong[1]}"
        service.traffic_statuses = [
            {
                "type_": one.type_,
                "revision": one.revision,
                "percent": one.percent,
                "tag": one.tag,
                "uri": addresses.get(one.tag, ""),
            }
            for one in service.traffic
        ]
        return begun

    def _make_revision(self, service: Any, name: str) -> None:
        template = service.template
        revision = run_v2.Revision(
            name=name,
            service=service.name,
            create_time=datetime.now(UTC),
            labels=template.labels,
            annotations=template.annotations,
            containers=template.containers,
            service_account=template.service_account,
            timeout=template.timeout,
            scaling=template.scaling,
            execution_environment=template.execution_environment,
            max_instance_request_concurrency=template.max_instance_request_concurrency,
            conditions=[{"type_": "Ready", "state": State.CONDITION_RECONCILING}],
        )
        self.revisions[name] = revision
        service.latest_created_revision = name
        self._looks[name] = self._image(revision).looks

    def _looked_at(self, name: str) -> Any:
        if name not in self.revisions:
            raise Trouble(grpc.StatusCode.NOT_FOUND, f"Resource '{name.rsplit('/', 1)[-1]}' does not exist.")
        revision = self.revisions[name]
        self._looks[name] -= 1
        if self._looks[name] == 0:
            self._settle(revision)
        return revision

    def _settle(self, revision: Any) -> None:
        """It starts, or does not."""
        id, short = revision.service.rsplit("/", 1)[-1], revision.name.rsplit("/", 1)[-1]
        for line in self._image(revision).lines:
            self._log(id, short, "stderr", line)
        if wrong := self._outcome(revision):
            condition = {"state": State.CONDITION_FAILED, "reason": wrong[0], "message": wrong[1]}
            self._log(id, short, "varlog/system", wrong[1])
        else:
            condition = {"state": State.CONDITION_SUCCEEDED}
            self.services[revision.service].latest_ready_revision = revision.name
        revision.conditions = [{"type_": "Ready", **condition}]

    def _outcome(self, revision: Any) -> tuple[Any, str] | None:
        """Why it does not become ready."""
        image = self._image(revision)
        if image.refuses:
            return image.reason, image.refuses
        if self.env_of(revision) is None:
            account = revision.service_account
            return (
                Reason.SECRETS_ACCESS_CHECK_FAILED,
                f"Permission denied on secret for Revision service account {account}.",
            )
        return None

    def _image(self, revision: Any) -> Image:
        return self.images.get(revision.containers[0].image.rpartition("@")[2], Image())

    def _service(self, name: str) -> Any:
        if name not in self.services:
            raise Trouble(
                grpc.StatusCode.NOT_FOUND, f"Resource '{name.rsplit('/', 1)[-1]}' of kind 'SERVICE' does not exist."
            )
        return self.services[name]

    def _route(self, host: str) -> Handler | None:
        """What answers at a tag's address, or by the shares of the traffic at the service's own."""
        tag, _, id = host.rpartition("---")
        service = next((one for name, one in self.services.items() if name.endswith(f"/services/{id}")), None)
        if service is None:
            return None
        if tag:
            target = next((one.revision for one in service.traffic if one.tag == tag), None)
        else:
            hundred = [one.revision for one in service.traffic for _ in range(one.percent)]
            target = hundred[next(self._turn) * 37 % 100]
        revision = self.revisions.get(f"{service.name}/revisions/{target}")
        if revision is None or not any(one.state == State.CONDITION_SUCCEEDED for one in revision.conditions):
            return None
        running = Running(str(target), self.env_of(revision) or {})
        image = self._image(revision)

        async def answer(request: web.Request) -> web.StreamResponse:
            if image.answer is None:
                return web.Response(text=f"{running.name} answers")
            response: web.StreamResponse = await image.answer(running, request)
            return response

        return answer
