"""An edge with a real gateway and real sandboxes, driven through its socket."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from devgem.clouds.local.quota import DiskQuota
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.wire import EdgePaths
from devgem.domain.app import Proof
from devgem.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from devgem.domain.failure import Failure
from devgem.domain.plan import Kind

from .rig import Edge, edge_here, until


@pytest.fixture
async def edge(real_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_here(real_sandbox, tmp_path) as edge:
        yield edge


async def states(edge: Edge) -> list[tuple[int, str]]:
    return [(instance.revision, instance.state) for instance in await edge.client.instances("shop")]


async def test_a_revision_is_reached_once_traffic_has_shifted_to_it(edge: Edge) -> None:
    proof = await edge.prepare(1)
    assert isinstance(proof, Proof)
    assert proof.status == 200
    assert (await edge.get())[0] == 404
    await edge.client.shift("shop", {1: 100})
    assert await edge.get() == (200, "hello from an app")
    assert await states(edge) == [(1, "ready")]
    [signals] = (await edge.client.signals("shop")).revisions
    assert (signals.revision, signals.requests) == (1, 1)
    metrics = await edge.client.metrics("shop", timedelta(hours=1))
    assert metrics.step_seconds == 60
    assert sum(minute.requests for minute in metrics.items) == 1


async def test_a_port_that_differs_from_the_given_one_is_routed_to(edge: Edge) -> None:
    proof = await edge.deploy(1, "wrong_port")
    assert proof.port == 3000
    assert await edge.get() == (200, "hello from an app")
    assert "listens on 3000, expected PORT=8080: routed there" in await edge.lines()


async def test_config_vars_reach_the_app_and_not_its_log(edge: Edge) -> None:
    await edge.deploy(1, env={"TOKEN": "open-sesame-42", "NODE_ENV": "production"})
    assert await edge.get("/env/TOKEN") == (200, "open-sesame-42")
    await edge.get("/open-sesame-42?as=production")
    text = "\n".join(await edge.lines())
    assert "open-sesame-42" not in text
    assert "[secret]?as=production" in text


async def test_the_old_revision_serves_until_the_new_one_has_answered(edge: Edge) -> None:
    await edge.deploy(1, env={"NAME": "one"})
    failure = await edge.prepare(2, "needs_env")
    assert isinstance(failure, Failure)
    assert failure.code == "missing_env"
    with pytest.raises(Unavailable, match="API_TOKEN"):
        await edge.client.shift("shop", {2: 100})
    assert await edge.get() == (200, "hello from one")
    await edge.client.discard("shop", 2)
    assert await states(edge) == [(1, "ready")]
    await edge.deploy(3, env={"NAME": "three"})
    assert await edge.get() == (200, "hello from three")


async def test_a_shift_waits_for_requests_in_flight_and_then_stops_the_old_revision(edge: Edge) -> None:
    await edge.deploy(1, env={"NAME": "one"})
    slow = asyncio.create_task(edge.get("/slow/1"))
    await until(lambda: in_flight(edge))
    await edge.deploy(2, env={"NAME": "two"})
    assert (2, "ready") in await states(edge)
    assert (1, "draining") in await states(edge)
    assert await edge.get() == (200, "hello from two")
    assert await slow == (200, "hello from one")
    await until(lambda: only(edge, [(2, "ready")]))


async def in_flight(edge: Edge) -> bool:
    return any(revision.in_flight for revision in (await edge.client.signals("shop")).revisions)


async def answers(edge: Edge, path: str, wanted: str) -> bool:
    """An app that has ended may for a moment take connections that it will not answer."""
    return await edge.get(path) == (200, wanted)


async def only(edge: Edge, wanted: list[tuple[int, str]]) -> bool:
    return await states(edge) == wanted


async def test_what_does_not_drain_in_time_is_cut(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_here(real_sandbox, tmp_path, drain_seconds=0.2) as edge:
        await edge.deploy(1)
        slow = asyncio.create_task(edge.get("/slow/60"))
        await until(lambda: in_flight(edge))
        await edge.deploy(2)
        assert (await slow)[0] == 503
        await until(lambda: only(edge, [(2, "ready")]))


async def test_traffic_goes_back_to_a_revision_that_has_stopped(edge: Edge) -> None:
    await edge.deploy(1, env={"NAME": "one"})
    await edge.deploy(2, env={"NAME": "two"})
    await until(lambda: only(edge, [(2, "ready")]))
    await edge.client.shift("shop", {1: 100})
    assert await edge.get() == (200, "hello from one")
    await edge.client.shift("shop", {1: 50, 2: 50})
    assert {(await edge.get())[1] for _ in range(40)} == {"hello from one", "hello from two"}


async def test_traffic_goes_back_at_once_to_a_revision_that_still_drains(edge: Edge) -> None:
    await edge.deploy(1, env={"NAME": "one"})
    before = (await edge.client.instances("shop"))[0].started_at
    slow = asyncio.create_task(edge.get("/slow/0.7"))
    await until(lambda: in_flight(edge))
    await edge.deploy(2)
    await edge.client.shift("shop", {1: 100})
    await slow
    await until(lambda: only(edge, [(1, "ready")]))
    assert (await edge.client.instances("shop"))[0].started_at == before


async def test_operations_may_be_repeated(edge: Edge) -> None:
    spec = await edge.spec(1)
    assert await asyncio.gather(*(edge.client.release(spec) for _ in range(5))) == [None] * 5
    started = (await edge.client.instances("shop"))[0].started_at
    for _ in range(2):
        assert await edge.client.release(spec) is None
        assert [item async for item in edge.client.verify("shop", 1)]
        await edge.client.shift("shop", {1: 100})
    assert [one.started_at for one in await edge.client.instances("shop")] == [started]
    await edge.client.delete("shop")
    await edge.client.delete("shop")
    await edge.client.discard("shop", 1)
    assert await edge.client.instances("shop") == []


async def test_release_commands_run_once_per_revision_and_before_it(edge: Edge) -> None:
    command = ("sh", "-c", "echo migrating with $TOKEN")
    for _ in range(2):
        await edge.deploy(1, release=(command,), env={"TOKEN": "abcdefgh"})
    lines = await edge.lines()
    assert lines.count("migrating with [secret]") == 1
    assert "Running echo migrating with $TOKEN" in lines


async def test_a_release_command_that_fails_stops_the_revision(edge: Edge) -> None:
    failure = await edge.prepare(1, release=(("sh", "-c", "echo no such table: users; exit 3"),))
    assert isinstance(failure, Failure)
    assert failure.code == "release_failed"
    assert failure.evidence == "no such table: users"
    assert await states(edge) == []


async def test_a_static_site_is_proven_and_served_by_the_gateway(edge: Edge) -> None:
    proof = await edge.deploy(1, "index.html", kind=Kind.STATIC)
    assert (proof.status, proof.port) == (200, None)
    assert await edge.get() == (200, "<h1>a page</h1>")
    assert await states(edge) == []


async def test_a_static_site_without_a_front_page_is_a_failure(edge: Edge) -> None:
    failure = await edge.prepare(1, "about.html", kind=Kind.STATIC)
    assert isinstance(failure, Failure)
    assert failure.code == "no_front_page"


async def test_a_worker_runs_without_a_route(edge: Edge) -> None:
    await edge.deploy(1, "worker", kind=Kind.WORKER)
    assert await states(edge) == [(1, "ready")]
    assert (await edge.get())[0] == 404
    await edge.deploy(2, "worker", kind=Kind.WORKER)
    await until(lambda: only(edge, [(2, "ready")]))


async def test_a_restart_has_no_gap(edge: Edge) -> None:
    await edge.deploy(1)
    before = (await edge.client.instances("shop"))[0].started_at
    answers: list[int] = []
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            answers.append((await edge.get())[0])

    asking = asyncio.create_task(ask())
    await edge.client.restart("shop")
    await until(lambda: only(edge, [(1, "ready")]))
    stop.set()
    await asking
    assert set(answers) == {200}
    assert (await edge.client.instances("shop"))[0].started_at > before


async def test_an_exit_is_followed_by_a_restart_and_told(edge: Edge) -> None:
    await edge.deploy(1)
    assert (await edge.get("/exit/3"))[0] in (502, 503)
    await until(lambda: answers(edge, "/", "hello from an app"))
    [instance] = await edge.client.instances("shop")
    assert (instance.state, instance.restarts, instance.exit_code) == ("ready", 1, 3)
    facts = [await anext(facts) for facts in [edge.client.facts()] for _ in range(3)]
    assert [fact.type for fact in facts] == ["instance.started", "instance.exited", "instance.started"]
    assert facts[1].data == {"revision": 1, "exit_code": 3, "crashed": False, "restarts": 0}
    assert any("ended with exit code 3; it is started again" in line for line in await edge.lines())


async def test_a_crash_loop_is_called_crashed_and_still_retried(edge: Edge) -> None:
    await edge.deploy(1)

    async def crashed() -> bool:
        # Ends it again whenever it is up; between two starts it is down for longer than this takes.
        await edge.get("/exit/9")
        return (await states(edge)) == [(1, "crashed")]

    await until(crashed)
    await until(lambda: only(edge, [(1, "ready")]))
    assert await edge.get() == (200, "hello from an app")


async def test_facts_are_kept_until_they_are_acknowledged(edge: Edge) -> None:
    await edge.deploy(1)
    first = await anext(edge.client.facts())
    assert (first.seq, first.type, first.app, first.data) == (1, "instance.started", "shop", {"revision": 1})
    assert await anext(edge.client.facts()) == first
    await edge.client.acknowledge(first.seq)
    await edge.get("/exit/1")
    assert (await anext(edge.client.facts())).seq == 2


async def test_a_process_that_ignores_sigterm_is_killed_with_its_children(edge: Edge) -> None:
    await edge.deploy(1, "stubborn")
    await edge.deploy(2)
    await until(lambda: only(edge, [(2, "ready")]))
    await edge.client.delete("shop")
    assert processes_of("stubborn.py") == []


async def test_a_process_may_say_goodbye(edge: Edge) -> None:
    await edge.deploy(1, "polite")
    await edge.deploy(2)
    await until(lambda: only(edge, [(2, "ready")]))
    assert "goodbye" in await edge.lines()


async def test_an_app_may_write_beside_its_code_until_it_stops(edge: Edge) -> None:
    await edge.deploy(1, "writes", release=(("sh", "-c", "echo migrated > /app/state"),))
    assert await edge.get("/read") == (200, "migrated")
    await edge.get("/write")
    await edge.get("/exit")
    await until(lambda: answers(edge, "/read", "written"))
    await edge.deploy(2, "writes")
    assert await edge.get("/read") == (200, "nothing")
    await until(lambda: only(edge, [(2, "ready")]))
    assert len(list(EdgePaths(edge.root).work.iterdir())) == 1


async def test_an_app_that_fills_the_disk_is_ended_and_started_anew(real_sandbox: Sandbox, tmp_path: Path) -> None:
    async with edge_here(real_sandbox, tmp_path, disk=DiskQuota(bytes=8 << 20, reserve_bytes=0)) as edge:
        await edge.deploy(1, "writes")
        assert (await edge.get("/fill"))[0] in (502, 503)
        assert any("more than it may" in line for line in await edge.lines())
        await until(lambda: answers(edge, "/read", "nothing"))
        [workspace] = EdgePaths(tmp_path).work.iterdir()
        assert not (workspace / "hoard").exists()


async def test_a_flood_of_lines_is_bounded_and_the_app_still_answers(edge: Edge) -> None:
    await edge.deploy(1, "floods")

    async def suppressed() -> bool:
        return any("lines suppressed" in line for line in await edge.lines())

    await until(suppressed)
    assert await edge.get() == (200, "hello from an app")


async def test_a_deleted_app_leaves_nothing(edge: Edge) -> None:
    await edge.deploy(1, env={"TOKEN": "open-sesame-42"})
    await edge.client.delete("shop")
    paths = EdgePaths(edge.root)
    assert (await edge.get())[0] == 404
    assert list(paths.states.iterdir()) == []
    assert list(paths.logs.iterdir()) == []
    assert processes_of(str(edge.root)) == []


async def test_what_is_kept_on_disk_is_for_this_user_alone(edge: Edge) -> None:
    await edge.deploy(1, env={"TOKEN": "open-sesame-42"})
    paths = EdgePaths(edge.root)
    for path in (paths.socket, paths.states / "shop.json", next((paths.logs / "shop").iterdir())):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_a_revision_with_traffic_is_not_discarded(edge: Edge) -> None:
    await edge.deploy(1)
    with pytest.raises(Conflict, match="has traffic"):
        await edge.client.discard("shop", 1)
    assert (await edge.get())[0] == 200


async def test_a_release_is_discarded_while_it_is_under_way(edge: Edge) -> None:
    spec = await edge.spec(1, release=(("sleep", "600"),))
    releasing = asyncio.create_task(edge.client.release(spec))

    async def running() -> bool:
        return "Running sleep 600" in await edge.lines()

    await until(running)
    await edge.client.discard("shop", 1)
    with pytest.raises(Conflict):
        await releasing
    assert processes_of("sleep\0600") == []


async def test_an_image_that_is_gone_is_a_failure_with_a_remedy(edge: Edge) -> None:
    spec = await edge.spec(1)
    failure = await edge.client.release(type(spec)(spec.app, 1, "sha256:" + "0" * 64, spec.kind))
    assert failure is not None
    assert failure.fix == "Deploy the app again."


async def test_unknown_apps_and_operations_are_told(edge: Edge) -> None:
    with pytest.raises(NotFound, match="'shop' is not on this machine"):
        await edge.client.shift("shop", {1: 100})
    with pytest.raises(NotFound):
        await edge.client.restart("shop")
    with pytest.raises(InvalidInput, match="no operation 'dance'"):
        await edge.client._ask("dance")
    with pytest.raises(InvalidInput, match="not a valid app name"):
        spec = await edge.spec(1)
        await edge.client.release(type(spec)("../etc", 1, spec.image, spec.kind))


async def test_a_second_edge_on_the_same_data_is_refused(edge: Edge, real_sandbox: Sandbox) -> None:
    with pytest.raises(Conflict, match="already runs"):
        async with edge_here(real_sandbox, edge.root):
            pass
    assert (await edge.client.ping())["pid"] == os.getpid()


async def test_a_closed_verification_does_not_stop_the_revision(edge: Edge) -> None:
    assert await edge.client.release(await edge.spec(1, "never_listens")) is None
    course = edge.client.verify("shop", 1)
    await anext(course)
    await course.aclose()
    assert await states(edge) == [(1, "starting")]


async def test_garbage_on_the_socket_ends_that_connection_only(edge: Edge) -> None:
    reader, writer = await asyncio.open_unix_connection(EdgePaths(edge.root).socket)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert (await edge.client.ping())["version"] == "test"


def processes_of(mark: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


async def test_a_host_name_of_an_app_survives_the_edge_and_ends_with_the_app(
    real_sandbox: Sandbox, tmp_path: Path
) -> None:
    async with edge_here(real_sandbox, tmp_path) as edge:
        await edge.deploy(1)
        await edge.client.attach("shop.example.org", "shop")
        await edge.client.attach("shop.example.org", "shop")
        assert await edge.get(host="shop.example.org") == (200, "hello from an app")
        await edge.client.detach("shop.example.org", "another")
    async with edge_here(real_sandbox, tmp_path) as edge:

        async def is_back() -> bool:
            return await edge.get(host="shop.example.org") == (200, "hello from an app")

        await until(is_back)
        await edge.client.attach("www.example.org", "shop")
        await edge.client.detach("www.example.org", "shop")
        assert (await edge.get(host="www.example.org"))[0] == 404
        await edge.client.delete("shop")
        assert (await edge.get(host="shop.example.org"))[0] == 404
    assert EdgePaths(tmp_path).hosts.read_text() == "{}"
