"""Config vars as secrets of Secret Manager: a value is nowhere else, and a revision names the version that it gets.

One secret holds one config var of one app, a version one of its values; a value that did not change keeps its version,
so that a deployment without changes makes none. Only the app's own account may read it.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import Calls, whole
from devgem.clouds.google.troubles import is_passing
from devgem.domain.errors import Conflict, DevGemError, InvalidInput, NotFound

_ROLE = "roles/secretmanager.admin"
_READS = "roles/secretmanager.secretAccessor"
_AT_ONCE = 4
VALUE_BYTES = 64 << 10

Reference = tuple[str, str]
"""The id of a secret, and the number of its version."""


class Secrets:
    def __init__(self, admin: Administration, site: Site, calls: Calls) -> None:
        self._admin = admin
        self._site = site
        self._call = calls

    async def ensure(self, app: str, values: Mapping[str, str], reader: str) -> dict[str, Reference]:
        """Where each value is, readable by the service account `reader`. Raises Conflict when a secret of this name
        is not DevGem's, InvalidInput for a value that is too large."""
        for name, value in values.items():
            _check(app, name, value)
        if not values:
            return {}
        known = {secret.name.rsplit("/", 1)[-1] for secret in await self._of(app)}
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str, value: str) -> tuple[str, Reference]:
            async with gate:
                secret = naming.secret_of(app, name)
                return name, (secret, await self._version(app, secret, value, reader, is_known=secret in known))

        done = await asyncio.gather(*(one(name, value) for name, value in values.items()), return_exceptions=True)
        if error := next((each for each in done if isinstance(each, BaseException)), None):
            raise error
        return dict(each for each in done if not isinstance(each, BaseException))

    async def keep(self, app: str, used: Collection[Reference]) -> None:
        """Deletes the secrets and versions of the app that are not `used`."""
        names = {secret for secret, _ in used}
        for found in await self._of(app):
            secret = found.name.rsplit("/", 1)[-1]
            if secret not in names:
                await self._delete(secret)
                continue
            versions = await self._call(
                whole(self._admin.secrets.list_secret_versions),
                {"parent": found.name, "filter": "state:ENABLED", "page_size": 100},
                to=f"list the versions of {secret}",
                role=_ROLE,
            )
            for version in versions:
                if (secret, version.name.rsplit("/", 1)[-1]) not in used:
                    destroy = self._admin.secrets.destroy_secret_version
                    await self._gone(destroy, {"name": version.name}, f"destroy a version of {secret}")

    async def delete(self, app: str) -> None:
        """All of the app. Idempotent."""
        for found in await self._of(app):
            await self._delete(found.name.rsplit("/", 1)[-1])

    async def _version(self, app: str, secret: str, value: str, reader: str, *, is_known: bool) -> str:
        data = value.encode()
        if not is_known:
            await self._create(app, secret)
        held = await self._latest(secret) if is_known else None
        if held is not None and held[0] == data:
            return held[1]
        if held is None:
            # Before there is a version, so that whoever finds one knows that it can be read.
            await self._let_read(secret, reader)
        # A second attempt at worst makes a version that nothing names.
        added = await self._call(
            self._admin.secrets.add_secret_version,
            {"parent": self._name(secret), "payload": {"data": data}},
            to=f"add a version to {secret}",
            role=_ROLE,
        )
        return str(added.name.rsplit("/", 1)[-1])

    async def _create(self, app: str, secret: str) -> None:
        request = {
            "parent": f"projects/{self._site.project}",
            "secret_id": secret,
            "secret": {
                "replication": {"user_managed": {"replicas": [{"location": self._site.region}]}},
                "labels": self._labels(app),
            },
        }
        try:
            await self._call(self._admin.secrets.create_secret, request, to=f"make the secret {secret}", role=_ROLE)
        except Conflict:
            get = self._admin.secrets.get_secret
            found = await self._call(get, {"name": self._name(secret)}, to=f"look at {secret}", role=_ROLE)
            if not self._labels(app).items() <= dict(found.labels).items():
                raise Conflict(
                    f"there is a secret {secret} that this DevGem did not make",
                    fix=f"Delete it, or give the app another name: gcloud secrets delete {secret} "
                    f"--project={self._site.project}",
                    code="not_ours",
                ) from None

    async def _latest(self, secret: str) -> tuple[bytes, str] | None:
        name = f"{self._name(secret)}/versions/latest"
        access = self._admin.secrets.access_secret_version
        try:
            found = await self._call(access, {"name": name}, to=f"read {secret}", role=_ROLE)
        except (NotFound, InvalidInput):  # It has no version, or the latest is destroyed.
            return None
        return bytes(found.payload.data), str(found.name.rsplit("/", 1)[-1])

    async def _let_read(self, secret: str, reader: str) -> None:
        policy = {"bindings": [{"role": _READS, "members": [f"serviceAccount:{reader}"]}]}
        await self._call(
            self._admin.secrets.set_iam_policy,
            {"resource": self._name(secret), "policy": policy},
            to=f"let {reader} read {secret}",
            role=_ROLE,
            again=_is_passing_or_unknown,
        )

    async def _delete(self, secret: str) -> None:
        await self._gone(self._admin.secrets.delete_secret, {"name": self._name(secret)}, f"delete {secret}")

    async def _gone(self, call: Any, request: Mapping[str, Any], to: str) -> None:
        with suppress(NotFound):
            await self._call(call, request, to=to, role=_ROLE)

    async def _of(self, app: str) -> list[Any]:
        wanted = self._labels(app)
        request = {
            "parent": f"projects/{self._site.project}",
            "filter": " AND ".join(f"labels.{key}={value}" for key, value in wanted.items()),
            "page_size": 250,
        }
        found = await self._call(
            whole(self._admin.secrets.list_secrets), request, to=f"list the secrets of {app!r}", role=_ROLE
        )
        return [secret for secret in found if wanted.items() <= dict(secret.labels).items()]

    def _labels(self, app: str) -> dict[str, str]:
        """Those of one build's secrets differ."""
        return {**naming.labels_of(self._site, app), "devgem-holds": "config-var"}

    def _name(self, secret: str) -> str:
        return f"projects/{self._site.project}/secrets/{secret}"


def _check(app: str, name: str, value: str) -> None:
    """A secret becomes a variable of a process's environment, which takes text without a NUL."""
    data = value.encode("utf-8", "replace")
    if data.decode() != value or b"\0" in data:
        raise InvalidInput(
            f"the config var {name} of {app!r} is no text that a process can be given",
            fix="Encode it, as Base64 for instance, and let the app decode it.",
        )
    if len(data) > VALUE_BYTES:
        raise InvalidInput(
            f"the config var {name} of {app!r} is larger than {VALUE_BYTES >> 10} KiB",
            fix="Keep it in a file or a bucket, and give the app its address.",
        )


def _is_passing_or_unknown(error: DevGemError) -> bool:
    """A service account that was just made is not known everywhere for some seconds."""
    return is_passing(error) or (isinstance(error, InvalidInput) and "does not exist" in error.message)
