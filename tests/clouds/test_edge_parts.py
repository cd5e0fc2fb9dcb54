"""The parts of the edge that need no process: when it starts again, what it keeps, what it says."""

import asyncio
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgem.clouds.local import facts as facts_module
from devgem.clouds.local import wire
from devgem.clouds.local.edge_state import KEPT, AppState, Record, States
from devgem.clouds.local.facts import Facts
from devgem.clouds.local.instance import Restarts
from devgem.clouds.local.procfs import Listener, parse_listeners
from devgem.clouds.local.spec import Spec
from devgem.domain.app import Image, Progress, Proof, Resources, Revision
from devgem.domain.errors import Conflict, DevGemError, NotSignedIn, Unavailable
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Kind, Stack

from .edge_main import scramble

SPEC = Spec("shop", 3, "sha256:" + "a" * 64, Kind.SERVER, env={"TOKEN": "open-sesame"}, env_names=("TOKEN",))


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1))
@settings(database=None)
def test_the_delay_grows_from_a_second_to_a_minute_give_or_take_a_fifth(failures: int, chance: float) -> None:
    delay = Restarts().delay_seconds(failures, chance)
    assert 0.8 <= delay < 72.1
    assert Restarts().delay_seconds(failures + 1, chance) >= delay
    assert [Restarts().delay_seconds(n, 0.5) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_spec_is_what_a_revision_is_to_the_edge() -> None:
    plan = BuildPlan(
        Stack("python", kind=Kind.WORKER), port=5000, health_path="/up", env_names=("A",), env_required=("A",)
    )
    revision = Revision("shop", 7, "dep_1", Image("sha256:x"), plan, {"A": "b"}, Resources(64 << 20, 0.5, 32))
    spec = Spec.of(revision)
    assert (spec.number, spec.port, spec.health_path, spec.memory_bytes, spec.cpus) == (7, 5000, "/up", 64 << 20, 0.5)
    assert Spec.from_json({**wire.decode(wire.encode(spec.to_json())), "of_a_newer_devgem": 1}) == spec


def test_states_come_back_as_they_were_and_hide_their_secrets(tmp_path: Path) -> None:
    states = States(tmp_path / "apps", scramble, scramble)
    state = AppState("shop", 1003, {3: 90, 4: 10}).keep(Record(SPEC, prepared=True, address=("127.0.0.1", 3000)))
    states.save(state)
    states.save(replace(state, app="blog"))
    assert list(states.load()) == [replace(state, app="blog"), state]
    text = (tmp_path / "apps" / "shop.json").read_text()
    assert "open-sesame" not in text
    assert stat.S_IMODE((tmp_path / "apps" / "shop.json").stat().st_mode) == 0o600
    states.remove("shop")
    states.remove("shop")
    assert [state.app for state in states.load()] == ["blog"]


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    states = States(tmp_path, scramble, scramble)
    (tmp_path / "shop.json").write_text('{"app": "shop"')
    with pytest.raises(ValueError, match=r"shop\.json"):
        list(states.load())


def test_revisions_with_traffic_are_remembered_however_many_follow() -> None:
    state = AppState("shop", 1000, {1: 100})
    for number in range(1, 3 * KEPT):
        state = state.keep(Record(replace(SPEC, number=number)))
    assert sorted(state.revisions) == [1, *range(2 * KEPT, 3 * KEPT)]
    assert 1 not in state.forget(1).revisions


async def test_facts_survive_until_they_are_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "edge" / "facts.ndjson"
    path.parent.mkdir()
    facts = Facts(path)
    for revision in range(1, 4):
        facts.add(EventType.INSTANCE_STARTED, "shop", revision=revision)
    facts.acknowledge(1)
    with path.open("a") as file:
        file.write('{"seq": 4, "type": "inst')  # torn, as by a kill
    again = Facts(path)
    assert [(fact.seq, fact.data) for fact in await again.after(0)] == [(2, {"revision": 2}), (3, {"revision": 3})]
    again.acknowledge(3)
    again = Facts(path)
    again.add(EventType.INSTANCE_EXITED, "shop", revision=3)
    assert [fact.seq for fact in await again.after(0)] == [4]


async def test_whoever_waits_for_facts_is_told_of_the_next(tmp_path: Path) -> None:
    facts = Facts(tmp_path / "facts.ndjson")
    waiting = [asyncio.create_task(facts.after(0)) for _ in range(2)]
    await asyncio.sleep(0)
    facts.add(EventType.INSTANCE_STARTED, "shop", revision=1)
    assert [[fact.seq for fact in await task] for task in waiting] == [[1], [1]]


async def test_facts_that_nobody_takes_are_bounded(tmp_path: Path) -> None:
    facts = Facts(tmp_path / "facts.ndjson")
    for revision in range(facts_module.KEPT + 10):
        facts.add(EventType.INSTANCE_STARTED, "shop", revision=revision)
    waiting = await facts.after(0)
    assert len(waiting) <= facts_module.KEPT
    assert waiting[-1].data == {"revision": facts_module.KEPT + 9}


@pytest.mark.parametrize(
    "item",
    [
        LogLine("text", "err", datetime(2026, 1, 1, tzinfo=UTC)),
        Progress("waiting", 0.5),
        Proof(200, 0.1, 3000, ("a note",)),
        Failure("exited", "it ended", "mend it", "a line"),
    ],
)
def test_what_a_verification_tells_crosses_the_wire(item: LogLine | Progress | Proof | Failure) -> None:
    assert wire.item_from_json(wire.decode(wire.encode(wire.item_to_json(item)))) == item


def test_errors_cross_the_wire_as_what_they_are() -> None:
    error = wire.error_from_json(wire.error_to_json(Conflict("busy", fix="wait", code="nothing_live")))
    assert (type(error), error.message, error.fix, error.code) == (Conflict, "busy", "wait", "nothing_live")
    other: DevGemError = NotSignedIn("who?")
    assert isinstance(wire.error_from_json(wire.error_to_json(other)), Unavailable)


def test_listeners_are_read_as_the_kernel_prints_them() -> None:
    tcp = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 777 1 0 100 0 0 10 0
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 778 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 779 1 0 100 0 0 10 0
"""
    tcp6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 780 1 0
   1: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 781 1 0
"""
    assert list(parse_listeners(tcp)) == [(Listener(8080, "127.0.0.1"), 777), (Listener(3000, "0.0.0.0"), 778)]
    assert [listener for listener, _ in parse_listeners(tcp6)] == [
        Listener(8080, "::1"),
        Listener(8081, "127.0.0.1"),
    ]
    assert Listener(80, "::").dial_addresses == ("127.0.0.1", "::1")
