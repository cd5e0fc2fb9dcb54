"""Traffic goes from one revision to another without a failed request."""

import asyncio
import contextlib
import socket
from functools import partial
from pathlib import Path

import pytest

from devgem.domain.errors import InvalidInput
from devgem.gateway import Backend

from .conftest import House, limited, until
from .peers import App, Wire, connected, request, response


def revision(number: int) -> App:
    return App.saying(response(b"v%d" % number))


def held(body: bytes = b"late") -> tuple[App, asyncio.Event]:
    """An app that answers when the event is set."""
    gate = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        while True:
            app.seen.append(await wire.read_request())
            await gate.wait()
            await wire.send(response(body))

    return App(handle), gate


async def test_requests_in_flight_stay_and_new_ones_go_to_the_new_revision(house: House) -> None:
    old, gate = held(b"v1")
    await house.serve(old)
    first = await house.wire()
    await first.send(request())
    await until(lambda: old.seen)
    async with revision(2) as new:
        house.gateway.route("a", [(new.backend(2), 100)])
        assert (await house.ask(request())).body == b"v2"
        assert [(one.revision, one.in_flight) for one in house.gateway.signals("a").revisions] == [(1, 1), (2, 0)]
        draining = asyncio.create_task(house.gateway.drained("a", 1, 10))
        gate.set()
        assert (await first.read_response()).body == b"v1"
        assert await draining
        await until(lambda: old.wires[0].reader.at_eof())
        assert (await first.ask(request())).body == b"v2"


async def test_draining_gives_up_at_its_limit(house: House) -> None:
    app, gate = held()
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request())
    await until(lambda: app.seen)
    house.gateway.unroute("a")
    assert not await house.gateway.drained("a", 1, 0.01)
    gate.set()
    assert await house.gateway.drained("a", 1, 10)
    assert (await wire.read_response()).body == b"late"


async def test_nothing_in_flight_is_drained_at_once(house: House) -> None:
    await house.serve(revision(1))
    assert await house.gateway.drained("a", 1, 0)
    house.gateway.unroute("a")
    assert await house.gateway.drained("a", 1, 0)
    assert await house.gateway.drained("nobody", 7, 0)


async def test_an_event_stream_counts_as_in_flight_until_it_ends(house: House) -> None:
    ending = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await ending.wait()

    await house.serve(App(handle))
    wire = await house.wire()
    await wire.send(request())
    await wire.read_head()
    house.gateway.unroute("a")
    assert not await house.gateway.drained("a", 1, 0.01)
    ending.set()
    assert await house.gateway.drained("a", 1, 10)


async def test_cutting_ends_what_is_left_each_in_its_own_way(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        asked = await wire.read_request()
        app.seen.append(asked)
        if asked.target == "/begun":
            await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await wire.read_all()

    app = App(handle)
    await house.serve(app)
    begun, waiting = await house.wire(), await house.wire()
    await begun.send(request("/begun"))
    await begun.read_head()
    await waiting.send(request("/waiting"))
    await until(lambda: len(app.seen) == 2)
    house.gateway.unroute("a")
    house.gateway.cut("a", 1)
    answer = await waiting.read_response()
    assert (answer.status, answer.get("connection")) == (503, "close")
    assert int(answer.get("retry-after") or 0) > 0
    assert await begun.read_all() == b"2\r\nok\r\n"
    assert await house.gateway.drained("a", 1, 10)


async def test_a_restart_replaces_the_instances_of_one_revision(house: House) -> None:
    old, gate = held(b"old")
    await house.serve(old)
    wire = await house.wire()
    await wire.send(request())
    await until(lambda: old.seen)
    async with App.saying(response(b"new")) as new:
        house.gateway.route("a", [(new.backend(1), 100)])
        assert (await house.ask(request())).body == b"new"
        assert not await house.gateway.drained("a", 1, 0.01)
        gate.set()
        assert await house.gateway.drained("a", 1, 10)
        assert (await wire.read_response()).body == b"old"
    (signals,) = house.gateway.signals("a").revisions
    assert (signals.requests, signals.in_flight) == (2, 0)


async def test_routing_to_the_same_backend_again_keeps_its_connections(house: House) -> None:
    app = revision(1)
    await house.serve(app)
    for _ in range(3):
        assert (await house.ask(request())).status == 200
        house.gateway.route("a", [(app.backend(), 100)])
    assert app.dialled == 1


async def test_a_retired_backend_loses_its_idle_connections_at_once(house: House) -> None:
    ended = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(response())
        await wire.read_all()
        ended.set()

    await house.serve(App(handle))
    assert (await house.ask(request())).status == 200
    house.gateway.unroute("a")
    async with asyncio.timeout(30):
        await ended.wait()
    assert (await house.ask(request())).status == 404


@pytest.mark.parametrize("shares", [(90, 10), (50, 50), (34, 33, 33), (100, 0), (1, 99)])
async def test_shares_are_kept_exactly_and_evenly(house: House, shares: tuple[int, ...]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(revision(number)) for number in range(len(shares))]
        targets = [(app.backend(number), share) for number, (app, share) in enumerate(zip(apps, shares, strict=True))]
        house.gateway.route("a", targets)
        wire = await house.wire()
        answers = [(await wire.ask(request())).body for _ in range(200)]
    counts = [answers.count(b"v%d" % number) for number in range(len(shares))]
    assert counts == [2 * share for share in shares]
    if shares == (90, 10):
        assert [at % 10 for at, body in enumerate(answers) if body == b"v1"] == [answers.index(b"v1")] * 20


async def test_shares_that_do_not_sum_to_100_are_refused(house: House) -> None:
    app = revision(1)
    await house.serve(app)
    one, other = app.backend(1), app.backend(2)
    for targets in ([(one, 99)], [(one, 50), (other, 51)], [(one, 150), (other, -50)], [(one, 50), (one, 50)], []):
        with pytest.raises(InvalidInput):
            house.gateway.route("a", targets)
    with pytest.raises(InvalidInput):
        house.gateway.route("no.name", [(one, 100)])
    assert (await house.ask(request())).status == 200


async def test_a_request_that_met_a_closed_idle_connection_is_sent_again(house: House) -> None:
    """Some servers close an idle connection just as the next request comes."""
    counts: list[int] = []

    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_request())
        await wire.send(response())
        counts.append(len(await wire.reader.read(1)))

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    assert (await wire.ask(request())).status == 200
    # The app takes one byte of this request, then closes without an answer; a new connection serves it.
    assert (await wire.ask(request())).status == 200
    assert (app.dialled, counts) == (2, [1])


@pytest.mark.parametrize(
    "asked",
    [
        request(method="POST"),
        request(method="DELETE"),
        request(method="POST", headers="Content-Length: 1\r\n") + b"x",
        request(headers="Content-Length: 1\r\n") + b"x",
    ],
)
async def test_a_request_that_must_not_be_repeated_is_not(house: House, asked: bytes) -> None:
    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_request())
        if len(app.wires) == 1 and len(app.seen) == 1:
            await wire.send(response())
            app.seen.append(await wire.read_request())

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    assert (await wire.ask(asked)).status == 200
    answer = await wire.ask(asked)
    assert (answer.status, app.dialled) == (502, 1)


async def test_a_connection_that_broke_in_the_middle_of_an_answer_is_not_tried_again(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(response())
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-")

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    assert (await wire.ask(request())).status == 200
    assert ((await wire.ask(request())).status, app.dialled) == (502, 1)


async def test_a_request_that_must_not_be_repeated_takes_no_connection_that_was_idle_for_long(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        assert (await wire.ask(request(method="POST"))).status == 200
    assert app.dialled == 1
    await asyncio.sleep(1.1)
    assert (await wire.ask(request(method="GET"))).status == 200
    assert app.dialled == 1
    await asyncio.sleep(1.1)
    assert (await wire.ask(request(method="POST"))).status == 200
    assert app.dialled == 2


async def test_a_fresh_connection_that_breaks_is_not_tried_again(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_request())

    app = App(handle)
    await house.serve(app)
    answer = await house.ask(request())
    assert (answer.status, app.dialled) == (502, 1)
    assert b"'a'" in answer.body


async def test_no_instance_is_503_with_a_time_to_come_back(house: House) -> None:
    async with App.saying(response()) as app:
        backend = app.backend()
    house.gateway.route("a", [(backend, 100)])
    wire = await house.wire()
    for asked in (request(), request(method="POST", headers="Content-Length: 1\r\n") + b"x", request()):
        answer = await wire.ask(asked)
        assert (answer.status, answer.get("connection")) == (503, None)
        assert int(answer.get("retry-after") or 0) > 0
        assert b"'a'" in answer.body
    assert house.gateway.signals("a").revisions[0].by_status == {"5xx": 3}


@limited(dial_seconds=0.02)
async def test_an_instance_that_does_not_wake_up_in_time_is_503(house: House) -> None:
    async def dial() -> socket.socket:
        await asyncio.Event().wait()
        raise AssertionError

    house.gateway.route("a", [(Backend(1, dial), 100)])
    assert (await house.ask(request())).status == 503


async def test_a_request_waits_while_an_instance_wakes_up(house: House) -> None:
    awake = asyncio.Event()
    app = App.saying(response(b"awake"))
    async with app:

        async def dial() -> socket.socket:
            await awake.wait()
            return await app.dial()

        house.gateway.route("a", [(Backend(1, dial), 100)])
        wire = await house.wire()
        await wire.send(request(method="POST", headers="Content-Length: 6\r\n") + b"abc")
        await wire.send(b"def")
        await until(lambda: house.gateway.signals("a").revisions[0].in_flight)
        awake.set()
        assert (await wire.read_response()).body == b"awake"
        assert app.seen[0].body == b"abcdef"


async def test_a_request_that_found_no_instance_of_the_old_revision_goes_to_the_new_one(house: House) -> None:
    gone = asyncio.Event()

    async def dial() -> socket.socket:
        await gone.wait()
        raise ConnectionRefusedError

    house.gateway.route("a", [(Backend(1, dial), 100)])
    wire = await house.wire()
    await wire.send(request(method="POST", headers="Content-Length: 2\r\n") + b"hi")
    await until(lambda: house.gateway.signals("a").revisions[0].in_flight)
    async with revision(2) as new:
        house.gateway.route("a", [(new.backend(2), 100)])
        gone.set()
        assert (await wire.read_response()).body == b"v2"
        assert new.seen[0].body == b"hi"


async def test_an_app_behind_a_unix_socket_is_reached_too(house: House, tmp_path: Path) -> None:
    path = f"{tmp_path}/app.sock"
    app = App.saying(response(b"unix"))
    server = await asyncio.start_unix_server(app._accept, path)

    async def dial() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, path)
        return sock

    house.gateway.route("a", [(Backend(1, dial), 100)])
    wire = await house.wire()
    for _ in range(2):
        assert (await wire.ask(request())).body == b"unix"
    server.close()


async def test_a_client_that_leaves_while_an_instance_wakes_up_leaves_nothing_behind(house: House) -> None:
    cancelled = asyncio.Event()

    async def dial() -> socket.socket:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    house.gateway.route("a", [(Backend(1, dial), 100)])
    async with connected(house.port) as wire:
        await wire.send(request())
        await until(lambda: house.gateway.signals("a").revisions[0].in_flight)
        await wire.reset()
    async with asyncio.timeout(30):
        await cancelled.wait()
    await until(lambda: house.gateway.signals("a").revisions[0].in_flight == 0)


async def test_no_request_fails_over_switches_under_load(house: House) -> None:
    """500 connections, 8 switches; each old revision stops only once it has drained (F-45)."""
    served: dict[bytes, int] = {}
    stop = False

    async def browse() -> None:
        async with connected(house.port) as wire:
            while not stop:
                answer = await wire.ask(request())
                assert answer.status == 200
                served[answer.body] = served.get(answer.body, 0) + 1

    def enough(body: bytes) -> bool:
        return served.get(body, 0) >= 200

    async with contextlib.AsyncExitStack() as stack:
        live = await stack.enter_async_context(revision(0))
        house.gateway.route("a", [(live.backend(0), 100)])
        browsers = [asyncio.create_task(browse()) for _ in range(500)]
        for number in range(1, 9):
            await until(partial(enough, b"v%d" % (number - 1)), 60)
            new = await stack.enter_async_context(revision(number))
            house.gateway.route("a", [(new.backend(number), 100)])
            assert await house.gateway.drained("a", number - 1, 30)
            count = len(live.seen)
            await live.__aexit__()
            assert len(live.seen) == count
            live = new
        stop = True
        await asyncio.gather(*browsers)
    signals = house.gateway.signals("a").revisions
    assert sum(one.requests for one in signals) == sum(served.values())
    assert {status for one in signals for status in one.by_status} == {"2xx"}
    assert {one.in_flight for one in signals} == {0}
