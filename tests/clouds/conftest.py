import asyncio
import shutil
import sys

import pytest

from devgem.clouds.local.isolation import Isolation, Level
from devgem.clouds.local.probe import probe
from devgem.clouds.local.sandbox import Sandbox


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    """What this machine really can."""
    return asyncio.run(probe())


@pytest.fixture(scope="session")
def real_sandbox(isolation: Isolation) -> Sandbox:
    if isolation.level is Level.NONE:
        if sys.platform == "linux" and shutil.which("bwrap") is None:
            pytest.fail("bubblewrap is not installed (apt install bubblewrap)")
        pytest.skip(f"no sandbox here: {isolation.detail}")
    return Sandbox(isolation)


@pytest.fixture(scope="session")
def bare_sandbox() -> Sandbox:
    """None at all, as where there is no bubblewrap."""
    return Sandbox(Isolation(Level.NONE, "chosen by a test"))
