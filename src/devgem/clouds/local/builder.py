"""Builds images in sandboxes: the one way from a commit and a plan to what a revision runs.

root/work/<build id>/   while a build runs, and not a moment longer
root/layers, root/images, root/caches, root/tools    see layers.py, images.py, caches.py, toolchains.py
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from pathlib import Path
from weakref import WeakValueDictionary

import uv

from devgem.clouds.local import trees
from devgem.clouds.local.box import Limits
from devgem.clouds.local.build_output import CAPS, Caps
from devgem.clouds.local.bytecode import Bytecode
from devgem.clouds.local.caches import Caches
from devgem.clouds.local.commands import Commands
from devgem.clouds.local.images import Images
from devgem.clouds.local.isolation import Level
from devgem.clouds.local.layers import Layers
from devgem.clouds.local.quota import DiskQuota
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.slots import BUILD, INSTALL
from devgem.clouds.local.toolchains import Missing, Toolchains
from devgem.clouds.local.trees import Unusable
from devgem.clouds.local.workshop import Failed, Stores, Workshop
from devgem.domain.app import Build, Check, Commit, Image, Progress, Repository
from devgem.domain.errors import DevGemError
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine, Redactor
from devgem.domain.plan import BuildPlan
from devgem.domain.trial import Finding, Trial

Checkout = Callable[[Repository, Commit, str], Awaitable[Path]]
"""The files of a commit with a patch on it as a folder, which stays as it is. Raises SourceError, and InvalidInput or
Conflict when the patch is not one of this commit."""
Item = LogLine | Progress | Image | Failure
Say = Callable[[Sequence[Item]], Awaitable[None]]

LIMITS = Limits(
    memory_bytes=4 << 30,
    cpus=float(os.cpu_count() or 1),
    processes=2048,
    disk_bytes=1 << 30,
    file_bytes=4 << 30,
    wall_seconds=1800.0,
)
QUOTA = DiskQuota(bytes=10 << 30)
_BATCHES_AHEAD = 16


class Builder:
    """One per data folder and process. `limits.wall_seconds` is the time of a whole build."""

    def __init__(
        self,
        root: Path,
        sandbox: Sandbox,
        checkout: Checkout,
        *,
        limits: Limits = LIMITS,
        quota: DiskQuota = QUOTA,
        caps: Caps = CAPS,
    ) -> None:
        self._work = trees.make_folder(root / "work")
        self._sandbox = sandbox
        self._checkout = checkout
        self._limits = limits
        self._quota = quota
        self._caps = caps
        self._building = 0
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        as_root = os.geteuid() == 0
        owners = [sandbox.user_id(slot) if as_root else None for slot in (INSTALL, BUILD)]
        layers = Layers(root / "layers")
        self.images = Images(root / "images", layers)
        self._bytecode = Bytecode(sandbox)
        self._stores = Stores(layers, self.images, Caches(root / "caches", *owners), self._bytecode)
        self._toolchains = Toolchains(root / "tools", sandbox, Path(uv.find_uv_bin()))

    async def checks(self, plan: BuildPlan) -> Sequence[Check]:
        """What this machine lacks, or has, for a plan."""
        checks = await self._toolchains.checks(plan)
        isolation = self._sandbox.isolation
        if plan.install and isolation.level is Level.SANDBOX and not isolation.egress:
            checks.append(Check("network", False, "builds have no way to the internet here", isolation.fix))
        return checks

    async def build(self, build: Build) -> AsyncIterator[Item]:
        """Ends with one Image or one Failure. A build that is done already gives its image at once. Closing the
        iterator ends the build with all its processes."""
        if image := self.images.find(build.id):
            yield image
            return
        batches: asyncio.Queue[Sequence[Item]] = asyncio.Queue(_BATCHES_AHEAD)
        self._building += 1
        making = asyncio.create_task(self._make(build, batches.put))
        try:
            async for batch in _until_done(batches, making):
                for item in batch:
                    yield item
            yield await making
        finally:
            making.cancel()
            await asyncio.wait([making])
            self._building -= 1

    async def _make(self, build: Build, say: Say) -> Image | Failure:
        work = self._work / build.id
        await trees.remove(work)
        trees.make_folder(work)
        # An app and its preview may be built at the same time, and share dependencies.
        turn = self._turns.setdefault(build.app, asyncio.Lock())
        try:
            async with turn:
                return await self._make_in(work, build, say)
        except (Failed, Missing) as stopped:
            return stopped.failure
        except Unusable as error:
            return Failure(
                "unusable_files", str(error), "Remove it from the repository, or from what the build writes."
            )
        except DevGemError as error:
            return Failure.of(error)
        except OSError as error:
            return _trouble(error)
        finally:
            await trees.remove(work)

    async def try_out(self, build: Build, trials: Sequence[Trial], *, wall_seconds: float) -> AsyncIterator[Finding]:
        """Closing the iterator ends the trials with all their processes. Raises DevGemError when they cannot begin."""
        work = self._work / build.id
        trees.make_folder(work)
        turn = self._turns.setdefault(build.app, asyncio.Lock())
        self._building += 1
        try:
            async with turn:
                workshop = await self._workshop(work, build, _say_nothing, wall_seconds)
                async with aclosing(workshop.try_out(trials)) as findings:  # type: ignore[type-var]  # a generator
                    async for finding in findings:
                        yield finding
        except (Failed, Missing) as stopped:
            yield Finding("dependencies", False, stopped.failure.cause)
        except Unusable as error:
            yield Finding("files", False, str(error))
        except OSError as error:
            yield Finding("files", None, _trouble(error).cause)
        finally:
            self._building -= 1
            await trees.remove(work)

    async def _make_in(self, work: Path, build: Build, say: Say) -> Image:
        wall_seconds = self._limits.wall_seconds or float("inf")
        return await (await self._workshop(work, build, say, wall_seconds)).make()

    async def _workshop(self, work: Path, build: Build, say: Say, wall_seconds: float) -> Workshop:
        commands = Commands(
            self._sandbox,
            name=build.id,
            say=say,
            redact=Redactor(build.env.values()),
            limits=self._limits,
            quota=self._quota,
            caps=self._caps,
            deadline=time.monotonic() + wall_seconds,
        )
        await commands.progress("Looking for the tools")
        tools = await self._toolchains.resolve(build.plan)
        for note in tools.notes:
            await commands.note(note)
        checkout = await self._checkout(build.repository, build.commit, build.patch)
        return Workshop(build, checkout, work, tools, commands, self._sandbox, self._stores)

    async def sweep(self) -> None:
        """Removes what builds of a process that died have left. To be called once, before the first build."""
        dead = list(self._work.iterdir())
        self._sandbox.isolation.cgroups.sweep([f"{work.name}-" for work in dead])
        for work in dead:
            await trees.remove(work)
        await self._stores.layers.sweep()
        await self._toolchains.sweep()

    async def prune(self, keep: Collection[str], *, layers_bytes: int = 10 << 30, caches_bytes: int = 10 << 30) -> None:
        """Removes images whose digest is not in `keep`, and bounds what is kept to build faster. While something is
        being built, that waits for another time."""
        needed = await self.images.prune(keep, time.time())
        if self._building == 0:
            await self._bytecode.settle()
            await self._stores.layers.prune(needed, layers_bytes)
            await self._stores.caches.prune(caches_bytes)

    async def delete(self, app: str) -> None:
        """Removes what is kept for an app alone, once none of its images is in use."""
        await self._bytecode.settle()
        await self._stores.layers.delete(app)
        await self._stores.caches.delete(app)

    async def close(self) -> None:
        """Ends what goes on after a build; to be awaited before the event loop ends."""
        await self._bytecode.close()


async def _say_nothing(items: Sequence[Item]) -> None:
    """What trials print is in their findings."""


def _trouble(error: OSError) -> Failure:
    """What stood in the way of DevGem itself while it copied or kept files."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        fix = "Free some space (`devgem remove` apps that are not needed) and deploy again."
        return Failure("disk_full", "the disk of this machine is full", fix, str(error), retryable=True)
    cause = f"the files of the build cannot be kept: {error.strerror or error}"
    return Failure("unusable_files", cause, "See which file it is, and deploy again without it.", str(error)[-500:])


async def _until_done(
    batches: asyncio.Queue[Sequence[Item]], making: asyncio.Task[Image | Failure]
) -> AsyncIterator[Sequence[Item]]:
    """What is said, until the task is done and all is heard."""
    while not making.done():
        hearing = asyncio.ensure_future(batches.get())
        try:
            await asyncio.wait([hearing, making], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not hearing.done():
                hearing.cancel()
        if hearing.done() and not hearing.cancelled():
            yield hearing.result()
    while not batches.empty():
        yield batches.get_nowait()
