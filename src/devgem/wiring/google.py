"""The Google cloud, where a project is set and Google's clients are installed, and which cloud comes first."""

import asyncio
import logging
from collections.abc import Callable
from importlib.util import find_spec

from devgem.clouds import Cloud
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.build import GoogleBuilds, Token
from devgem.clouds.google.build_logs import BuildLogs
from devgem.clouds.google.build_request import QUEUE_SECONDS, Recipes
from devgem.clouds.google.build_secrets import BuildSecrets
from devgem.clouds.google.cloud import GoogleCloud
from devgem.clouds.google.patience import Patient
from devgem.clouds.google.run import CloudRun
from devgem.clouds.google.shape import Scale
from devgem.config import Settings
from devgem.domain.app import Resources
from devgem.domain.errors import DevGemError, InvalidInput, Unavailable
from devgem.stack import dockerfile
from devgem.stack.dockerfile import dockerignore
from devgem.wiring import tools
from devgem.wiring.domains import OnGoogle

INSTALL = "pip install 'devgem[google]'"
_CREDENTIALS_SECONDS = 8.0
_CLIENTS = ("google.cloud.run_v2", "google.cloud.devtools.cloudbuild_v1", "google.cloud.logging_v2")

_log = logging.getLogger(__name__)


def is_installed() -> bool:
    """Whether the extra `devgem[google]` is there. Imports none of it but the packages that hold it."""
    try:
        return all(find_spec(name) is not None for name in _CLIENTS)
    except ModuleNotFoundError:
        return False


def cloud(
    settings: Settings, on_google: OnGoogle, token: Token, *, is_stopping: Callable[[], bool] = lambda: False
) -> GoogleCloud:
    """`token` is what a build's source is fetched with. Asks Google nothing yet.
    Closing it leaves the clients open, which the domains use too."""
    patient = Patient(on_google.admin)
    seconds = settings.build_timeout_seconds
    building = GoogleBuilds(
        patient,
        on_google.site,
        on_google.notes,
        BuildLogs(patient),
        BuildSecrets(patient, on_google.site, kept_seconds=seconds + 2 * QUEUE_SECONDS),
        Recipes(dockerfile, dockerignore(), tools.policy(settings).fetched_from),
        token,
        timeout_seconds=seconds,
        is_stopping=is_stopping,
    )
    scale = Scale(settings.google_min_instances, settings.google_max_instances, settings.google_concurrency)
    running = CloudRun(
        patient,
        on_google.site,
        on_google.notes,
        on_google.domains.live,
        scale=scale,
        resources=Resources(memory_bytes=settings.app_memory_mb << 20),
    )
    return GoogleCloud(on_google.preflight, building, running)


async def ordered(
    settings: Settings, local: Cloud, make_google: Callable[[OnGoogle], Cloud], on_google: OnGoogle | None
) -> dict[str, Cloud]:
    """The clouds by name, the default one first: as DEVGEM_CLOUDS says, else Google's where there are credentials for
    it. Raises Unavailable when DEVGEM_CLOUDS names what cannot be had."""
    wanted = [name.strip() for name in settings.clouds.split(",") if name.strip()]
    found = {local.name: local}
    if on_google is not None and is_installed():
        found["google"] = make_google(on_google)
    if "google" in wanted and "google" not in found:
        raise Unavailable("DEVGEM_CLOUDS names the google cloud, which cannot be used", fix=missing(settings))
    if wanted:
        return {name: found[name] for name in wanted}
    if "google" not in found:
        if on_google is not None:
            _log.warning("a Google project is set, and Google's clients are not installed: %s", INSTALL)
        return found
    assert on_google is not None
    first = await has_credentials(on_google.admin)
    return {name: found[name] for name in (("google", "local") if first else ("local", "google"))}


def missing(settings: Settings) -> str:
    """What there must be for the google cloud, as far as it is not there."""
    if not settings.google_cloud_project or not settings.google_cloud_region:
        return "Set GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_REGION, and start again."
    return f"Install Google's clients: {INSTALL}"


def check(settings: Settings) -> None:
    """Raises InvalidInput for a DEVGEM_CLOUDS that cannot be meant."""
    names = [name.strip() for name in settings.clouds.split(",") if name.strip()]
    if wrong := [name for name in names if name not in ("local", "google")]:
        raise InvalidInput(f"DEVGEM_CLOUDS names {wrong[0]!r}", fix="Use local, google or both, the default first.")


async def has_credentials(admin: Administration) -> bool:
    """Whether there are credentials at hand. Where nothing says so, Google's library asks the network for some time."""
    try:
        await asyncio.wait_for(asyncio.to_thread(lambda: admin.credentials), _CREDENTIALS_SECONDS)
    except (DevGemError, TimeoutError):
        return False
    return True
