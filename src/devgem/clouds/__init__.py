"""Builds images, releases revisions, shifts traffic, reads logs and signals, behind one `Cloud` protocol."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from devgem.domain.app import Build, Check, Image, Instance, Metrics, Progress, Proof, Revision, Signals, Traffic
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan
from devgem.domain.trial import Finding, Trial


class Cloud(Protocol):
    """Every call is idempotent on the id that it is given: repeated after a crash it finds what it made before."""

    name: str
    clones_itself: bool
    """Whether it fetches a repository where it builds, so that this process needs no checkout of it."""

    async def preflight(self, plan: BuildPlan, *, own: bool) -> Sequence[Check]:
        """What would stop this plan here (a missing toolchain, too weak an isolation for a repository that is not
        the operator's `own`), before anything is built."""

    def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]:
        """Fetches the source itself; ends with one Image or one Failure. Closing the iterator ends the build with
        all its processes."""

    def try_out(self, build: Build, trials: Sequence[Trial], *, wall_seconds: float) -> AsyncIterator[Finding]:
        """Tries out what would be built, where and with what it would be built, one trial after the other; nothing
        comes of it but the findings. Closing the iterator ends them."""

    async def release(self, revision: Revision) -> Failure | None:
        """Starts the revision, without traffic. Idempotent on (app, number)."""

    def verify(self, revision: Revision) -> AsyncIterator[LogLine | Progress | Proof | Failure]:
        """Finds out whether the released revision answers, and where; ends with one Proof or one Failure."""

    async def shift(self, app: str, traffic: Traffic) -> None:
        """Atomically; what gets no more traffic is drained to zero requests in flight, then stopped."""

    async def discard(self, revision: Revision) -> None:
        """Ends a revision that never got traffic, and removes what it left. Idempotent."""

    async def url(self, app: str) -> str:
        """The public address of the app, as the cloud itself has it. Raises NotFound where nothing was released."""

    def logs(
        self,
        app: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[LogLine]:
        """Run-time log lines of an app in order, with seq > `after`; the last `tail` of them; then, if told to
        `follow`, the ones to come."""

    async def signals(self, app: str, window: timedelta) -> Signals: ...

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        """What was asked of the app within the window, step by step."""

    async def instances(self, app: str) -> Sequence[Instance]: ...

    async def restart(self, app: str) -> None:
        """New instances of what has traffic, without a gap."""

    async def delete(self, app: str) -> None:
        """Everything the cloud holds for the app. Idempotent."""

    async def close(self) -> None: ...
