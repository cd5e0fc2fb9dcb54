"""The Google cloud, where a project is set and Google's clients are installed."""

import asyncio
from importlib.util import find_spec

from devgem.clouds.google.administration import Administration
from devgem.domain.errors import Unavailable

_CREDENTIALS_SECONDS = 8.0
_EXTRA = "google.cloud.run_v2"


def is_installed() -> bool:
    """Whether the extra `devgem[google]` is there; nothing is imported for it but the packages that hold it."""
    try:
        return find_spec(_EXTRA) is not None
    except ModuleNotFoundError:
        return False


async def has_credentials(admin: Administration) -> bool:
    """Whether there are credentials at hand. Where nothing says so, Google's library asks the network for some time."""
    try:
        await asyncio.wait_for(asyncio.to_thread(lambda: admin.credentials), _CREDENTIALS_SECONDS)
    except (Unavailable, TimeoutError):
        return False
    return True
