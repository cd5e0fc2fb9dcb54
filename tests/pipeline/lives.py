"""A control process that can be killed, and what must hold however often it is.

A life is one process over a folder: it does those of its intents that no earlier life has finished, and ends well once
nothing is under way any more. It may be told to kill itself at a point: the n-th time that it is about to commit, has
committed, or is about to or has just made an outside effect.
"""

import asyncio
import itertools
import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbos._dbos import _get_or_create_dbos_registry

from devgem.domain.deployment import Deployment, fold_all
from devgem.domain.errors import Conflict, DevGemError
from devgem.domain.event import Event
from devgem.pipeline import DeployRequest, OpenWorkspace, Workspaces
from devgem.source import Policy, Sources
from devgem.store import Store, Transaction
from tests.pipeline.conftest import KEY, Databases, House, run_house
from tests.pipeline.peers import Entry, JournalCloud, read_journal, running, traffic, write_repository

_LAST = {"deployment.live", "deployment.failed", "deployment.cancelled", "deployment.superseded"}
EDITS = ("edit", "preview")
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.pipeline.lives"])


@dataclass(frozen=True)
class Intent:
    """`after_seconds` the life has begun, do `act` to `app`: deploy (with this behaviour), edit or preview (so that it
    has this behaviour), cancel, rollback, remove."""

    act: str
    app: str
    after_seconds: float = 0.0
    behaviour: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Death:
    point: str
    number: int


@dataclass
class Countdown:
    death: Death | None
    passed: Counter[str] = field(default_factory=Counter)

    def at(self, point: str) -> None:
        self.passed[point] += 1
        if self.death and (point, self.passed[point]) == (self.death.point, self.death.number):
            os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(Store):
    countdown = Countdown(None)

    @asynccontextmanager
    async def write(self, *, owner: str | None = None) -> AsyncIterator[Transaction]:
        async with super().write(owner=owner) as transaction:
            yield transaction
            self.countdown.at("committing")
        self.countdown.at("committed")


class MortalCloud(JournalCloud):
    countdown = Countdown(None)

    def note(self, act: str, id: str, data: Any = None) -> None:
        self.countdown.at("noting")
        super().note(act, id, data)
        self.countdown.at("noted")


def begin(
    folder: Path, intents: Sequence[Intent], death: Death | None = None, databases: Databases | None = None
) -> "Life":
    started = _PROCESSES.Event()
    arguments = (folder, intents, death, databases or Databases.embedded(folder), started)
    process = _PROCESSES.Process(target=_live, args=arguments)
    process.start()
    return Life(process, started)


@dataclass
class Life:
    process: Any
    started: Any

    def kill(self, after_seconds: float) -> None:
        """Once it has begun, and unless it has ended by itself."""
        assert self.started.wait(30)
        self.process.join(after_seconds)
        if self.process.exitcode is None:
            os.kill(self.process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Its exit code: 0 for a life that ended well, within the bound of 30 seconds."""
        self.process.join(30)
        code = self.process.exitcode
        if code is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        assert code is not None, "nothing under way may take 30 seconds"
        assert isinstance(code, int)
        return code


def _live(folder: Path, intents: Sequence[Intent], death: Death | None, databases: Databases, started: Any) -> None:
    asyncio.run(_lived(folder, intents, Countdown(death), databases, started))


async def _lived(
    folder: Path, intents: Sequence[Intent], countdown: Countdown, databases: Databases, started: Any
) -> None:
    store = await MortalStore.open(databases.store, key=KEY)
    cloud = MortalCloud(folder / "cloud")
    store.countdown = cloud.countdown = countdown
    # DBOS looks for what it is to take up once a second; these tests have many short lives.
    _get_or_create_dbos_registry().get_internal_queue()._polling_interval_sec = 0.02
    sources = Sources(folder / "sources", Policy()) if any(intent.act in EDITS for intent in intents) else None
    async with run_house(folder, store, cloud, databases.workflows, sources=sources) as house:
        started.set()
        done = {int(line) for line in (folder / "done").read_text().split()} if (folder / "done").exists() else set()
        tasks = [_do(house, number, intent, sources) for number, intent in enumerate(intents) if number not in done]
        await asyncio.gather(*tasks)
        await house.at_rest()


async def _do(house: House, number: int, intent: Intent, sources: Sources | None) -> None:
    await asyncio.sleep(intent.after_seconds)
    with suppress(DevGemError):  # a refusal is an answer too
        match intent.act:
            case "deploy":
                repository = write_repository(house.folder / "repositories" / f"{number}", **intent.behaviour)
                await house.pipeline.deploy(DeployRequest(repository, app=intent.app))
            case "edit" | "preview":
                assert sources is not None
                await _edit(await Workspaces(house.store, sources, house.pipeline).open(intent.app, "one"), intent)
            case "cancel":
                await house.pipeline.cancel_app(intent.app)
            case "rollback":
                await house.pipeline.rollback(intent.app)
            case "remove":
                await house.pipeline.remove(intent.app)
    with (house.folder / "done").open("a") as file:
        file.write(f"{number}\n")


async def _edit(workspace: OpenWorkspace, intent: Intent) -> None:
    with suppress(Conflict):  # an earlier life has made the edit, and perhaps no more
        await workspace.write("behaviour.json", json.dumps(intent.behaviour))
    await (workspace.preview() if intent.act == "preview" else workspace.deploy())


@dataclass(frozen=True)
class Finished:
    """The steps that had been finished when a life ended, and how long the journal was then."""

    calls: frozenset[tuple[str, str]]
    journal_length: int


async def finished(folder: Path) -> Finished:
    store = await Store.open(f"sqlite:///{folder / 'devgem.db'}", key=KEY)
    calls = set()
    for deployment, events in (await _deployments(store)).items():
        state = fold_all(events)
        assert state is not None
        calls |= {(f"{step}.called", _call_id(step, deployment, events)) for step in _done(state)}
    await store.close()
    return Finished(frozenset(calls), len(read_journal(folder / "cloud")))


def _done(state: Deployment) -> list[str]:
    return [step for step in ("build", "release", "verify", "shift") if state.steps[step].status == "done"]


def _call_id(step: str, deployment: str, events: Sequence[Event]) -> str:
    if step == "build":
        return deployment
    (released,) = [event for event in events if event.type == "revision.released"]
    return f"{released.data['app']}@{released.data['revision']}"


async def violations(
    folder: Path,
    lives: Sequence[Finished] = (),
    *,
    rollbacks: bool = False,
    databases: Databases | None = None,
) -> list[str]:
    """What does not hold now that nothing is under way. With `rollbacks`, a revision may be started again."""
    store = await Store.open((databases or Databases.embedded(folder)).store, key=KEY)
    journal = read_journal(folder / "cloud")
    found = []
    for deployment, events in (await _deployments(store)).items():
        found += [f"{deployment}: {problem}" for problem in _of_log(events)]
    for stream in ("apps:operator", "app:hello", "app:hello--preview"):
        found += [f"{stream}: {problem}" for problem in _of_seqs(await store.events(stream, limit=100_000))]
    async with store.read() as transaction:
        apps = await transaction.apps.page(previews=True)
    await store.close()
    found += _of_journal(journal, {row.name: dict(row.traffic) for row in apps}, once=not rollbacks)
    for life in lives if not rollbacks else ():
        later = {(entry.act, entry.id) for entry in journal[life.journal_length :]}
        found += [f"{act} {id} although the step was finished" for act, id in later & life.calls]
    return found


async def _deployments(store: Store) -> dict[str, list[Event]]:
    """The events of all deployments, those of removed apps and previews too."""
    told = [
        event
        for stream in ("apps:operator", "app:hello--preview")
        for event in await store.events(stream, limit=100_000)
    ]
    requested = [event for event in told if event.type == "deployment.requested"]
    ids = [event.data["deployment"] for event in requested]
    return {id: list(await store.events(f"deployment:{id}", limit=100_000)) for id in ids}


def _of_log(events: Sequence[Event]) -> list[str]:
    """I1, I3"""
    found = _of_seqs(events)
    types = Counter(event.type for event in events)
    if (ends := sum(types[type] for type in _LAST)) != 1:
        found.append(f"{ends} last events")
    found += [f"{type} {types[type]} times" for type in ("deployment.started", "revision.released") if types[type] > 1]
    steps = Counter((event.type, event.data["step"]) for event in events if event.type.startswith("step."))
    found += [
        f"{type} {step} {count} times"
        for (type, step), count in steps.items()
        if count > 1 and type != "step.progressed"
    ]
    if (state := fold_all(events)) and state.status == "live" and len(_done(state)) < 3:
        found.append("live without its steps")
    return found


def _of_seqs(events: Sequence[Event]) -> list[str]:
    seqs = [event.seq for event in events]
    return [] if seqs == list(range(1, len(seqs) + 1)) else [f"the log has gaps: {seqs}"]


def _of_journal(journal: Sequence[Entry], traffics: dict[str, dict[int, int]], *, once: bool) -> list[str]:
    """I4, I5, I6"""
    acts = ("image.made", "revision.started", "traffic.shifted") if once else ("image.made",)
    counts = Counter((entry.act, entry.id) for entry in journal if entry.act in acts)
    found = [f"{act} {id} {count} times" for (act, id), count in counts.items() if count > 1]
    live = {f"{app}@{number}" for app, shares in traffics.items() for number in shares}
    if (now := set(running(journal))) != live:
        found.append(f"{sorted(now)} run, but {sorted(live)} are live")
    found += [f"{app} has the traffic {shares}" for app, shares in traffics.items() if traffic(journal, app) != shares]
    for position, entry in enumerate(journal):
        if entry.act == "traffic.shifted" and not _proven(journal[:position], entry.id):
            found.append(f"{entry.id} got traffic unproven")
        if entry.act == "revision.stopped" and traffic(journal[:position], entry.id.split("@")[0]) == {
            int(entry.id.split("@")[1]): 100
        }:
            deleted = ("delete.called", entry.id.split("@")[0]) in {(each.act, each.id) for each in journal[:position]}
            found += [] if deleted else [f"{entry.id} was stopped while it had the traffic"]
    return found


def _proven(journal: Sequence[Entry], name: str) -> bool:
    """Since it was started last."""
    since = itertools.takewhile(lambda entry: (entry.act, entry.id) != ("revision.started", name), reversed(journal))
    proven = any((entry.act, entry.id) == ("revision.proven", name) for entry in since)
    # Going back to what serves already, after a shift that failed, needs no new proof.
    return proven or name in running(journal)
