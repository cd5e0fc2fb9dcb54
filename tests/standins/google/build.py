"""Cloud Build: builds that go through their states as they are looked at, and print what real ones print.

`scripts` says what comes of the next builds, in order; one that is not scripted succeeds. A build goes on by one step
whenever it is looked at, so that no test waits for time to pass; one that is `held` stays as it is until it is let go.
"""

import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud.devtools import cloudbuild_v1
from google.longrunning import operations_pb2

from tests.standins.google.logging import Logging
from tests.standins.google.peer import Peer, Trouble
from tests.standins.google.secret_manager import SecretManager

_PARENT = re.compile(r"projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/locations/[a-z0-9-]+")
_TAG = re.compile(r"[\w][\w.-]{0,127}")
_VALUE_CHARACTERS, _STEP_VARIABLES = 10_000, 100
_ENDED = frozenset({"SUCCESS", "FAILURE", "INTERNAL_ERROR", "TIMEOUT", "CANCELLED", "EXPIRED"})


@dataclass
class Script:
    """`queued` looks in the queue, then `looks` at work, then `status`. `lines` are printed by the step that fails, or
    by the last one. `held` keeps it at work."""

    status: str = "SUCCESS"
    step: int = 2
    lines: Sequence[str] = ()
    queued: int = 0
    looks: int = 1
    held: bool = False
    detail: str = ""


class CloudBuild:
    def __init__(self, peer: Peer, logging: Logging, secrets: SecretManager) -> None:
        self.builds: dict[str, Any] = {}
        self.scripts: list[Script] = []
        self.script_of: dict[str, Script] = {}
        self.images: dict[str, Any] = {}
        """Builds by the digest of what came of them."""
        self.pushed: Callable[[str, Any], None] = lambda digest, build: None
        """Is told the digest of every image, and of what build."""
        self._peer = peer
        self._logging = logging
        self._secrets = secrets
        self._numbers = itertools.count(1)
        self._looks: dict[str, int] = {}

    async def CreateBuild(self, request: Any) -> Any:  # noqa: N802
        if not _PARENT.fullmatch(request.parent) or request.parent.split("/")[1] != request.project_id:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"the parent has the wrong form: {request.parent}")
        build: Any = cloudbuild_v1.Build(request.build)
        self._check(build)
        build.id = f"{next(self._numbers):08x}-0000-4000-8000-000000000000"
        build.name = f"{request.parent}/builds/{build.id}"
        build.project_id = request.project_id
        build.status = cloudbuild_v1.Build.Status.QUEUED
        build.create_time = datetime.now(UTC)
        build.log_url = f"https://console.cloud.google.com/cloud-build/builds/{build.id}?project={request.project_id}"
        self.builds[build.id] = build
        self.script_of[build.id] = self.scripts.pop(0) if self.scripts else Script()
        self._looks[build.id] = 0
        operation = operations_pb2.Operation(name=f"{request.parent}/operations/{build.id}")
        operation.metadata.Pack(cloudbuild_v1.BuildOperationMetadata(build=build)._pb)
        return operation

    async def GetBuild(self, request: Any) -> Any:  # noqa: N802
        build = self._build(request.id)
        if request.name != build.name:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"{request.name} is not the name of {request.id}")
        self._advance(build)
        return build

    async def ListBuilds(self, request: Any) -> Any:  # noqa: N802
        if not _PARENT.fullmatch(request.parent):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"the parent has the wrong form: {request.parent}")
        found = re.fullmatch(r'(tags|status)="([^"]+)"', request.filter)
        if found is None:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {request.filter}")
        by_tag = found[1] == "tags"
        builds = [b for b in self.builds.values() if (found[2] in b.tags if by_tag else b.status.name == found[2])]
        return cloudbuild_v1.ListBuildsResponse(builds=builds)

    async def CancelBuild(self, request: Any) -> Any:  # noqa: N802
        build = self._build(request.id)
        if build.status.name in _ENDED:
            raise Trouble(grpc.StatusCode.FAILED_PRECONDITION, "Cannot cancel a completed build.")
        self._end(build, Script("CANCELLED"))
        return build

    def let_go(self, id: str) -> None:
        """A held build goes on."""
        self.script_of[id].held = False

    def print(self, build: Any, text: str, *, at: datetime | None = None) -> None:
        """One entry of the build's log."""
        labels = {"build_id": build.id, "project_id": build.project_id}
        self._logging.write("build", labels, text, at=at)

    def _build(self, id: str) -> Any:
        if id not in self.builds:
            raise Trouble(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        return self.builds[id]

    def _advance(self, build: Any) -> None:
        script, status = self.script_of[build.id], build.status.name
        if status in _ENDED:
            return
        self._looks[build.id] += 1
        if status == "QUEUED":
            if self._looks[build.id] > script.queued:
                build.status = "WORKING"
                build.start_time = datetime.now(UTC)
                self.print(build, f'starting build "{build.id}"')
                self.print(build, 'Starting Step #0 - "fetch"')
        elif not script.held and self._looks[build.id] > script.queued + script.looks:
            self._end(build, script)

    def _end(self, build: Any, script: Script) -> None:
        build.status = script.status
        build.status_detail = script.detail
        build.finish_time = datetime.now(UTC)
        for number, step in enumerate(build.steps[: script.step + 1]):
            self.print(build, f'Starting Step #{number} - "{step.id}"')
            last = number == script.step
            for line in script.lines if last else ():
                self.print(build, f'Step #{number} - "{step.id}": {line}')
            step.status = script.status if last else "SUCCESS"
        if script.status == "SUCCESS":
            digest = "sha256:" + hashlib.sha256(build.id.encode()).hexdigest()
            build.results.build_step_outputs = [b"", b"", f"{digest}\n".encode()]
            self.images[digest] = build
            self.pushed(digest, build)
            self.print(build, "PUSH")
            self.print(build, "DONE")
        else:
            self.print(build, "CANCELLED" if script.status == "CANCELLED" else "ERROR")

    def _check(self, build: Any) -> None:
        """As strict as Google, where that could be missed."""
        known = {secret.env for secret in build.available_secrets.secret_manager}
        for step in build.steps:
            if step.script and (step.args or step.entrypoint):
                raise _invalid("a step has a script or arguments, not both")
            if len(step.env) > _STEP_VARIABLES or any(len(value) > _VALUE_CHARACTERS for value in step.env):
                raise _invalid("a step has at most 100 variables of 10,000 characters")
            if len(step.script) > _VALUE_CHARACTERS:
                raise _invalid("a script has at most 10,000 characters")
            if left := re.findall(r"\$\w+|\$\{", "".join(step.env).replace("$$", "")):
                raise _invalid(f"key {left[0]!r} in the template is not a valid built-in substitution")
            if not set(step.secret_env) <= known:
                raise _invalid(f"secret_env {list(step.secret_env)} is not among the available secrets")
        if not all(_TAG.fullmatch(tag) for tag in build.tags):
            raise _invalid(f"a tag has the wrong form: {list(build.tags)}")
        if build.service_account and build.options.logging.name not in ("CLOUD_LOGGING_ONLY", "NONE"):
            raise _invalid("if 'build.service_account' is specified, the build must say where its log goes")
        for secret in build.available_secrets.secret_manager:
            account = build.service_account.rsplit("/", 1)[-1]
            name, _, version = secret.version_name.partition("/versions/")
            if self._secrets.value(name.rsplit("/", 1)[-1], version, account) is None:
                raise Trouble(grpc.StatusCode.PERMISSION_DENIED, f"{account} may not access {secret.version_name}")


def _invalid(said: str) -> Trouble:
    return Trouble(grpc.StatusCode.INVALID_ARGUMENT, said)
