"""Finds out by trying how well this machine keeps programs apart."""

import asyncio
import re
import shutil
import subprocess
import sys
from dataclasses import replace

from devgem.clouds.local import cgroup
from devgem.clouds.local.box import Box, Limits, Network
from devgem.clouds.local.isolation import REQUIRED, Isolation, Level
from devgem.clouds.local.sandbox import Sandbox
from devgem.domain.errors import Unavailable
from devgem.domain.ids import new_id

_INSTALL = "Install it: apt-get install bubblewrap slirp4netns"
_APPARMOR = """\
Ubuntu lets only listed programs make user namespaces. As root, write to /etc/apparmor.d/bwrap:
    abi <abi/4.0>,
    include <tunables/global>
    profile bwrap /usr/bin/bwrap flags=(unconfined) {
      userns,
      include if exists <local/bwrap>
    }
then run: systemctl reload apparmor"""
# https://github.com/containers/bubblewrap/issues/632 and what the kernel's switches make bwrap say
_REMEDIES = (
    (r"uid map: Permission denied|RTM_NEWADDR|RTM_NEWLINK", _APPARMOR),
    (r"No permissions to create|nprivileged", "As root, run: sysctl -w kernel.unprivileged_userns_clone=1"),
    (r"No space left on device", "As root, run: sysctl -w user.max_user_namespaces=15000"),
    (
        r"proc.*(Operation not permitted|Permission denied)|namespace failed: Operation not permitted|pivot_root",
        "This looks like the inside of a container: start it with"
        " --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or run DevGem outside of it.",
    ),
)
_LIMITS = {
    0: "limits per process only (no control groups here)",
    1: "limits by control groups (version 1)",
    2: "limits by control groups (version 2)",
}


async def probe() -> Isolation:
    """Starts a real sandbox, and one with a network. Takes some 50 ms."""
    if sys.platform != "linux":
        return Isolation(
            Level.NONE,
            f"{sys.platform} has no bubblewrap",
            "Deploy your own repositories only, or run DevGem on Linux.",
        )
    if shutil.which("bwrap") is None:
        return Isolation(Level.NONE, "bubblewrap is not installed", _INSTALL)
    help_text = await asyncio.to_thread(
        subprocess.run, ["bwrap", "--help"], capture_output=True, text=True, errors="replace", check=False
    )
    options = frozenset(re.findall(r"^\s+(--[a-z0-9-]+)", help_text.stdout + help_text.stderr, re.MULTILINE))
    if missing := REQUIRED - options:
        return Isolation(Level.NONE, f"this bubblewrap is too old: no {sorted(missing)[0]}", _INSTALL)
    return await _try(Isolation(Level.SANDBOX, "", options=options, cgroups=cgroup.find()))


async def _try(hoped: Isolation) -> Isolation:
    reason = await _fails(hoped, Network.NONE)
    if reason:
        return Isolation(Level.NONE, reason, remedy(reason))
    limits = _LIMITS[hoped.cgroups.version]
    without_network = await _fails(hoped, Network.EGRESS)
    if without_network:
        detail = f"bubblewrap; {limits}; no network for builds: {without_network}"
        return replace(hoped, detail=detail, fix="apt-get install slirp4netns iproute2")
    return replace(hoped, detail=f"bubblewrap; {limits}; builds reach the internet by slirp4netns alone", egress=True)


async def _fails(isolation: Isolation, network: Network) -> str:
    """Why a sandbox cannot be had, or an empty text."""
    box = Box(
        new_id("probe"), ("true",), env={"PATH": "/usr/bin:/bin"}, network=network, limits=Limits(wall_seconds=10)
    )
    try:
        running = await Sandbox(isolation).start(box)
    except (Unavailable, OSError, TimeoutError) as error:
        return str(error) or type(error).__name__
    try:
        end = await running.wait()
        said = (await running.stderr.read()).decode(errors="replace").strip()
    finally:
        await running.close()
    return "" if end.code == 0 else said or f"`true` ended with {end.code}"


def remedy(reason: str) -> str:
    """What helps against what bwrap says."""
    return next((fix for pattern, fix in _REMEDIES if re.search(pattern, reason)), _INSTALL)
