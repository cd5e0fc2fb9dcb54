"""Secrets that live as long as one build: a private repository's token, and the build's variables.

Google deletes them by itself some time after the build, should nobody come back to do it.
"""

import contextlib
from collections.abc import Mapping

from devgem.clouds.google.balancer import Site
from devgem.clouds.google.build_request import ARGS, TOKEN
from devgem.clouds.google.patience import Patient, Waiting
from devgem.clouds.google.roles import BUILD_ACCOUNT
from devgem.domain.app import Build
from devgem.domain.errors import Conflict, InvalidInput, NotFound

_ROLE = "roles/secretmanager.admin"
_READS = "roles/secretmanager.secretAccessor"
_KINDS = {TOKEN: "token", ARGS: "args"}
VALUE_BYTES = 64 << 10


class BuildSecrets:
    def __init__(self, patient: Patient, site: Site, *, kept_seconds: int) -> None:
        self._patient = patient
        self._site = site
        self._kept_seconds = kept_seconds

    async def keep(self, build: Build, values: Mapping[str, str], waiting: Waiting) -> dict[str, str]:
        """The names of the versions, by the variable that each fills. Raises InvalidInput for what is too large."""
        return {variable: await self._keep(build, variable, value, waiting) for variable, value in values.items()}

    async def drop(self, build: Build) -> None:
        """Idempotent."""
        for variable in _KINDS:
            secrets = self._patient.admin.secrets
            request = {"name": self._name(build, variable)}
            try:
                await self._patient.patiently(secrets.delete_secret, request, "delete a build's secret", role=_ROLE)
            except NotFound:
                continue

    async def _keep(self, build: Build, variable: str, value: str, waiting: Waiting) -> str:
        data = value.encode()
        if len(data) > VALUE_BYTES:
            raise InvalidInput(
                f"the build variables of {build.app!r} are larger than {VALUE_BYTES >> 10} KiB together",
                fix="Keep large values in a file of the repository.",
                code="build_env_too_large",
            )
        secrets, name = self._patient.admin.secrets, self._name(build, variable)
        secret = {
            "replication": {"user_managed": {"replicas": [{"location": self._site.region}]}},
            "labels": {**self._site.labels, "devgem-app": build.app},
            "ttl": {"seconds": self._kept_seconds},
        }
        create = {"parent": f"projects/{self._site.project}", "secret_id": name.rsplit("/", 1)[-1], "secret": secret}
        doing = "keep a secret for the build"
        # An earlier attempt of this build may have made it: its name has the ids of this DevGem and of the deployment.
        with contextlib.suppress(Conflict):
            await self._patient.patiently(secrets.create_secret, create, doing, role=_ROLE, waiting=waiting)
        policy = {"bindings": [{"role": _READS, "members": [f"serviceAccount:{self._account}"]}]}
        grant = {"resource": name, "policy": policy}
        await self._patient.patiently(secrets.set_iam_policy, grant, doing, role=_ROLE, waiting=waiting)
        add = {"parent": name, "payload": {"data": data}}
        version = await self._patient.patiently(secrets.add_secret_version, add, doing, role=_ROLE, waiting=waiting)
        return str(version.name)

    @property
    def _account(self) -> str:
        return f"{BUILD_ACCOUNT}@{self._site.project}.iam.gserviceaccount.com"

    def _name(self, build: Build, variable: str) -> str:
        kind = _KINDS[variable]
        return f"projects/{self._site.project}/secrets/devgem-{self._site.install}-{build.id}-{kind}"
