"""The pipeline's neighbours, as files: a cloud that keeps a journal of every outside effect, and sources.

What a repository is to do is in its `behaviour.json`: {"plan": "unplannable" | "preflight", "kind": "worker",
"build": "fail" | "error", "lines": 20, "release": "fail" | "missing", "verify": "fail", "shift": "error",
"hang": <step>, "delay": 0.01}. A step that hangs does so until it is cancelled or the file `go` is there.
All state is in files, so that it survives a kill -9 as a real cloud's does.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from devgem.domain.app import (
    Build,
    Check,
    Commit,
    Image,
    Instance,
    Metrics,
    Progress,
    Proof,
    Repository,
    Revision,
    Signals,
    Traffic,
)
from devgem.domain.errors import NotFound, SourceError, Unavailable
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Candidate, Kind, Stack, Unplannable
from devgem.domain.tree import Tree
from devgem.domain.trial import Finding, Trial
from devgem.source import FolderTree


def behaviour(folder: str | Path) -> dict[str, Any]:
    path = Path(folder) / "behaviour.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write_repository(folder: Path, **behaviour: Any) -> Repository:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "behaviour.json").write_text(json.dumps(behaviour))
    return Repository(str(folder))


class FolderSources:
    """A commit is the digest of a folder's behaviour; its files are copied, so that it stays what it was."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def fetch(self, repository: Repository, *, user: str | None = None) -> tuple[Commit, FolderTree]:
        folder = Path(repository.location)
        if not folder.is_dir():
            raise SourceError(f"{repository.location!r} is not a folder", fix="Name another one.", code="not_found")
        text = (folder / "behaviour.json").read_bytes()
        sha = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        checkout = self._root / sha
        checkout.mkdir(parents=True, exist_ok=True)
        (checkout / "behaviour.json").write_bytes(text)
        await _linger(json.loads(text), "fetch", self._root)
        return Commit(sha, subject="as it is"), FolderTree(checkout)

    async def checkout(
        self, repository: Repository, commit: Commit, patch: str = "", *, user: str | None = None
    ) -> Path:
        return self._root / commit.sha

    async def look(self, repository: Repository, *, user: str | None = None) -> tuple[Commit, FolderTree]:
        return await self.fetch(repository)

    async def tree(
        self, repository: Repository, commit: Commit, patch: str = "", *, user: str | None = None
    ) -> FolderTree:
        return FolderTree(await self.checkout(repository, commit, patch))


async def detect(tree: Tree, dir: str) -> BuildPlan | Unplannable:
    asked = json.loads(await tree.read("behaviour.json"))
    await _linger(asked, "plan", Path("/nonexistent"))
    if asked.get("plan") == "unplannable":
        candidates = (Candidate("web", "a Flask app"), Candidate("api", "a Go service"))
        return Unplannable("There are two apps.", "Choose one with --dir.", candidates)
    kind = Kind(asked.get("kind", "server"))
    return BuildPlan(
        Stack("python", "flask", kind=kind),
        start=("run", json.dumps(asked, sort_keys=True)),
        env_required=tuple(asked.get("env_required", ())),
    )


@dataclass(frozen=True)
class Entry:
    """One outside call or effect: what was done (`act`) to what (`id`)."""

    act: str
    id: str
    data: Any = None


class JournalCloud:
    """Its state is its journal, a file below `root`: to append a line is to make the effect, all or nothing. Every
    call is idempotent as the protocol asks; every call and every effect is to be seen."""

    name = "local"
    clones_itself = False

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._file = os.open(root / "journal", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def note(self, act: str, id: str, data: Any = None) -> None:
        os.write(self._file, (json.dumps([act, id, data]) + "\n").encode())

    @property
    def journal(self) -> list[Entry]:
        return read_journal(self._root)

    def acts(self, act: str) -> list[str]:
        return [entry.id for entry in self.journal if entry.act == act]

    @property
    def running(self) -> set[str]:
        return set(running(self.journal))

    def traffic(self, app: str) -> dict[int, int]:
        return traffic(self.journal, app)

    def env(self, app: str, number: int) -> dict[str, str]:
        env: dict[str, str] = running(self.journal)[f"{app}@{number}"]["env"]
        return env

    def break_image(self, app: str, number: int) -> None:
        self.note("image.broken", f"{app}@{number}")

    async def preflight(self, plan: BuildPlan, *, own: bool) -> Sequence[Check]:
        missing = _asked(plan).get("plan") == "preflight"
        return [Check("go", not missing, "go is not installed", "Install it: apt install golang")]

    async def build(self, build: Build) -> AsyncIterator[LogLine | Progress | Image | Failure]:
        asked = _asked(build.plan)
        self.note("build.called", build.id)
        digest = "sha256:" + hashlib.sha256(build.id.encode()).hexdigest()
        if build.id not in self.acts("image.made"):
            try:
                async for item in self._build(build, asked):
                    yield item
            except BaseException:
                self.note("build.stopped", build.id)
                raise
            if asked.get("build") == "fail":
                yield Failure("build_failed", "pip could not install flask", "See the log.", "line 4")
                return
            self.note("image.made", build.id)
        yield Image(digest, 1000)

    async def _build(self, build: Build, asked: dict[str, Any]) -> AsyncIterator[LogLine | Progress]:
        for number in range(asked.get("lines", 5)):
            yield LogLine(f"line {number}", "out", datetime.now(UTC))
        for value in build.env.values():
            yield LogLine(f"the build sees {value}", "out", datetime.now(UTC))
        yield Progress("Half way", 0.5)
        await _linger(asked, "build", self._root)
        if asked.get("build") == "error":
            raise RuntimeError("the cloud broke")

    async def try_out(self, build: Build, trials: Sequence[Trial], *, wall_seconds: float) -> AsyncIterator[Finding]:
        self.note("trials.called", build.app)
        for trial in trials:
            yield Finding(trial.name, True)

    async def release(self, revision: Revision) -> Failure | None:
        asked = _asked(revision.plan)
        name = f"{revision.app}@{revision.number}"
        self.note("release.called", name)
        if name in self.acts("cloud.broken"):
            raise RuntimeError("the cloud broke")
        if name in self.running:
            return None
        await _linger(asked, "release", self._root)
        if asked.get("release") == "missing":
            raise NotFound(f"there is no image {revision.image.digest}")
        if asked.get("release") == "fail" or name in self.acts("image.broken"):
            return Failure("exited", "The app exited at once", "Look at the log.", "KeyError: 'X'")
        self.note("revision.started", name, {"env": dict(revision.env), "asked": asked})
        await asyncio.sleep(asked.get("delay", 0))
        return None

    async def verify(self, revision: Revision) -> AsyncIterator[LogLine | Progress | Proof | Failure]:
        asked = _asked(revision.plan)
        name = f"{revision.app}@{revision.number}"
        self.note("verify.called", name)
        assert name in self.running, "only a released revision can be verified"
        yield Progress("Waiting for the first answer")
        await _linger(asked, "verify", self._root)
        if asked.get("verify") == "fail":
            yield Failure("no_answer", "It listens on no port", "Listen on $PORT.")
            return
        self.note("revision.proven", name)
        yield Proof(200, 0.01, 8080, ("It listens on 8080.",))

    async def shift(self, app: str, traffic: Traffic) -> None:
        (number,) = traffic.shares
        name = f"{app}@{number}"
        self.note("shift.called", name)
        assert name in self.running, "only a running revision can have traffic"
        asked = running(self.journal)[name]["asked"]
        await _linger(asked, "shift", self._root)
        if self.traffic(app) != dict(traffic.shares):
            self.note("traffic.shifted", name)
        if asked.get("shift") == "error":
            raise Unavailable("the edge does not answer", fix="See `devgem doctor`.")
        await asyncio.sleep(asked.get("delay", 0))
        self._stop(other for other in self.running if other.startswith(f"{app}@") and other != name)

    async def discard(self, revision: Revision) -> None:
        name = f"{revision.app}@{revision.number}"
        self.note("discard.called", name)
        if self.traffic(revision.app) == {revision.number: 100}:  # a shift that failed halfway
            self.note("traffic.dropped", revision.app)
        self._stop(self.running & {name})

    def _stop(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            self.note("revision.stopped", name)

    async def url(self, app: str) -> str:
        return f"http://{app}.localhost:8081"

    async def logs(
        self,
        app: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[LogLine]:
        for _ in ():
            yield LogLine("", "out", datetime.now(UTC))

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        return Metrics(app, 60)

    async def signals(self, app: str, window: timedelta) -> Signals:
        return Signals(app)

    async def instances(self, app: str) -> Sequence[Instance]:
        return []

    async def restart(self, app: str) -> None:
        self.note("restart.called", app)

    async def delete(self, app: str) -> None:
        self.note("delete.called", app)
        if app in self.acts("delete.refused"):
            raise Unavailable("the edge does not answer")
        self._stop(name for name in self.running if name.startswith(f"{app}@"))
        self.note("app.deleted", app)

    async def close(self) -> None:
        os.close(self._file)


def read_journal(root: Path) -> list[Entry]:
    return [Entry(*json.loads(line)) for line in (root / "journal").read_text().splitlines()]


def running(journal: Sequence[Entry]) -> dict[str, Any]:
    """What runs, by name, with what it was started with."""
    found: dict[str, Any] = {}
    for entry in journal:
        if entry.act == "revision.started":
            found[entry.id] = entry.data
        elif entry.act == "revision.stopped":
            del found[entry.id]
    return found


def traffic(journal: Sequence[Entry], app: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for entry in journal:
        if entry.act == "traffic.shifted" and entry.id.startswith(f"{app}@"):
            found = {int(entry.id.partition("@")[2]): 100}
        elif (entry.act, entry.id) in {("app.deleted", app), ("traffic.dropped", app)}:
            found = {}
    return found


async def _linger(asked: dict[str, Any], step: str, root: Path) -> None:
    await asyncio.sleep(asked.get("delay", 0))
    while asked.get("hang") == step and not (root / "go").exists():
        await asyncio.sleep(0.005)


def _asked(plan: BuildPlan) -> dict[str, Any]:
    assert plan.start is not None
    asked: dict[str, Any] = json.loads(plan.start[1])
    return asked
