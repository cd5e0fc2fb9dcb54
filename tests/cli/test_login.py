"""`devgem login`, `whoami` and `logout`: a code that is typed in at GitHub, and a token that nobody else can read."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.standins.github import OAuthApp, serving_api
from tests.web.conftest import dashboard_on

SECONDS = 120


async def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "XDG_CONFIG_HOME": str(home), "HOME": str(home), "DEVGEM_DATA_DIR": str(home / "data")}
    command = [sys.executable, "-m", "devgem", *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
    )


async def test_a_command_line_signs_in_says_who_it_is_and_signs_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving_api(tmp_path / "github") as github:
        app = github.add_app(OAuthApp())
        async with dashboard_on(tmp_path, github_url=github.url, github_client=app) as server:
            assert (await run(home, "whoami", "--server", server.url)).returncode == 3
            signing = asyncio.create_task(run(home, "login", "--server", server.url))
            async with asyncio.timeout(SECONDS):
                while not github.world.devices:
                    await asyncio.sleep(0.02)
            github.approve_device(next(iter(github.world.devices.values())).user_code)
            done = await signing
            assert (done.returncode, done.stdout) == (0, "ada\n"), done.stderr
            (kept,) = home.rglob("servers.json")
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
            assert (await run(home, "whoami", "--server", server.url)).stdout == "ada\n"
            assert (await run(home, "logout", "--server", server.url)).returncode == 0
            assert (await run(home, "whoami", "--server", server.url)).returncode == 3
            assert (await run(home, "logout", "--server", server.url)).returncode == 3
            assert (await run(home, "login")).returncode == 2
