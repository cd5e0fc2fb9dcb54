"""The clients of Google's services, each made when it is first used.

Importing this module imports none of them: together they take half a second and 80 MB.
"""

import contextlib
from functools import cached_property
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from devgem.clouds.google import commands, roles
from devgem.domain.errors import Unavailable

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_INSTALL = "pip install 'devgem[google]'"
_ASKED = tuple(
    f"google.cloud.{name}"
    for name in (
        "resourcemanager_v3", "billing_v1", "service_usage_v1", "artifactregistry_v1", "iam_admin_v1", "orgpolicy_v2",
        "run_v2", "monitoring_v3", "secretmanager_v1", "logging_v2.services.logging_service_v2",
    )
)  # fmt: skip


class Administration:
    """`endpoint` is another address of all of Google's services (`http://host:port`), which is then reached without
    TLS and credentials. `credentials` are Application Default Credentials where none are given. Raises Unavailable,
    where a client is needed, when the clients are not installed or there are no credentials."""

    def __init__(self, project: str, region: str, *, endpoint: str = "", credentials: Any = None) -> None:
        self.project = project
        self.region = region
        self.endpoint = endpoint.rstrip("/")
        self._given = credentials
        self._channels: list[Any] = []

    @cached_property
    def credentials(self) -> Any:
        if self.endpoint:
            return _module("google.auth.credentials").AnonymousCredentials()
        if self._given is not None:
            return self._given
        auth = _module("google.auth")
        try:
            found, _ = auth.default(scopes=_SCOPES)
        except auth.exceptions.DefaultCredentialsError as error:
            raise Unavailable("there are no credentials of Google Cloud here", fix=commands.SIGN_IN) from error
        return found

    @property
    def member(self) -> str:
        """Who the credentials are, as a policy names them."""
        email = getattr(self.credentials, "service_account_email", None)
        return f"serviceAccount:{email}" if email and email != "default" else commands.YOURSELF

    @property
    def who(self) -> str:
        """The same as a person is told it."""
        return "your account" if self.member == commands.YOURSELF else self.member.partition(":")[2]

    @property
    def build_account(self) -> str:
        return f"{roles.BUILD_ACCOUNT}@{self.project}.iam.gserviceaccount.com"

    def load(self) -> None:
        """Imports what `Preflight` needs and finds the credentials, which takes a while: to be called in a thread."""
        _module("google.api_core.exceptions")
        for name in _ASKED:
            _module(name)
        if getattr(self.credentials, "service_account_email", "") == "default":
            # A machine of Google's tells who it is with the first token; without, it is told of as "your account".
            with contextlib.suppress(_module("google.auth.exceptions").GoogleAuthError):
                self.credentials.refresh(_module("google.auth.transport.requests").Request())

    @cached_property
    def projects(self) -> Any:
        return self._client("google.cloud.resourcemanager_v3", "ProjectsAsyncClient")

    @cached_property
    def billing(self) -> Any:
        return self._client("google.cloud.billing_v1", "CloudBillingAsyncClient")

    @cached_property
    def services(self) -> Any:
        return self._client("google.cloud.service_usage_v1", "ServiceUsageAsyncClient")

    @cached_property
    def registry(self) -> Any:
        return self._client("google.cloud.artifactregistry_v1", "ArtifactRegistryAsyncClient")

    @cached_property
    def iam(self) -> Any:
        return self._client("google.cloud.iam_admin_v1", "IAMAsyncClient")

    @cached_property
    def policies(self) -> Any:
        return self._client("google.cloud.orgpolicy_v2", "OrgPolicyAsyncClient")

    @cached_property
    def runs(self) -> Any:
        return self._client("google.cloud.run_v2", "ServicesAsyncClient")

    @cached_property
    def metrics(self) -> Any:
        return self._client("google.cloud.monitoring_v3", "MetricServiceAsyncClient")

    @cached_property
    def certificates(self) -> Any:
        return self._client("google.cloud.certificate_manager_v1", "CertificateManagerAsyncClient")

    @cached_property
    def builds(self) -> Any:
        return self._client("google.cloud.devtools.cloudbuild_v1", "CloudBuildAsyncClient")

    @cached_property
    def entries(self) -> Any:
        """Log entries."""
        return self._client("google.cloud.logging_v2.services.logging_service_v2", "LoggingServiceV2AsyncClient")

    @cached_property
    def secrets(self) -> Any:
        return self._client("google.cloud.secretmanager_v1", "SecretManagerServiceAsyncClient")

    @cached_property
    def revisions(self) -> Any:
        """Cloud Run's."""
        return self._client("google.cloud.run_v2", "RevisionsAsyncClient")

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()
        self._channels.clear()

    def _client(self, module: str, name: str) -> Any:
        kind = getattr(_module(module), name)
        transport = kind.get_transport_class("grpc_asyncio")
        if self.endpoint:
            channel = _module("grpc.aio").insecure_channel(urlsplit(self.endpoint).netloc)
            made = transport(channel=channel)
        else:
            made = transport(credentials=self.credentials)
            channel = made.grpc_channel
        self._channels.append(channel)
        return kind(transport=made)


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise Unavailable(f"Google's clients are not installed: {error}", fix=_INSTALL) from error
