"""What a client or an app may take, and what happens when it takes more."""

import asyncio
import os
import socket
import struct
from pathlib import Path

from devgem.gateway import Backend, Gateway, Limits

from .conftest import House, limited, until
from .peers import App, Wire, connected, request, response


async def silent(app: App, wire: Wire) -> None:
    app.seen.append(await wire.read_head())
    await wire.read_all()


@limited(head_seconds=0.2)
async def test_a_head_that_comes_too_slowly_is_408(house: House) -> None:
    wire = await house.wire()
    await wire.send(b"GET / HTTP/1.1\r\nHost: a.local")
    drip = asyncio.create_task(dripping(wire, b"X"))
    answer = await wire.read_response()
    assert (answer.status, answer.get("connection")) == (408, "close")
    drip.cancel()


async def dripping(wire: Wire, data: bytes) -> None:
    while True:
        await wire.send(data)
        await asyncio.sleep(0.05)


@limited(head_seconds=0.2)
async def test_a_connection_that_never_asks_is_closed_without_a_word(house: House) -> None:
    assert await (await house.wire()).read_all() == b""


@limited(head_seconds=0.2)
async def test_the_time_for_a_second_head_counts_from_its_own_first_byte(house: House) -> None:
    await house.serve(App.saying(response()))
    wire = await house.wire()
    assert (await wire.ask(request())).status == 200
    await wire.send(b"GET /")
    assert (await wire.read_response()).status == 408


@limited(idle_seconds=0.2)
async def test_an_idle_connection_is_closed_without_a_word(house: House) -> None:
    await house.serve(App.saying(response()))
    wire = await house.wire()
    assert (await wire.ask(request())).status == 200
    assert await wire.read_all() == b""


@limited(stall_seconds=0.2)
async def test_a_body_that_does_not_come_is_408(house: House) -> None:
    app = App(silent)
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request(method="POST", headers="Content-Length: 10\r\n") + b"abc")
    answer = await wire.read_response()
    assert (answer.status, answer.get("connection")) == (408, "close")
    await until(lambda: app.wires[0].reader.at_eof())


@limited(silent_seconds=0.2)
async def test_an_app_that_is_silent_is_504(house: House) -> None:
    await house.serve(App(silent))
    wire = await house.wire()
    answer = await wire.ask(request())
    assert (answer.status, answer.get("connection")) == (504, None)
    assert b"'a'" in answer.body
    assert (await wire.ask(request(host="other.localhost"))).status == 404


@limited(silent_seconds=0.2)
async def test_an_app_that_does_not_read_a_body_is_504(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_head()
        await asyncio.Event().wait()

    await house.serve(App(handle))
    wire = await house.wire()
    sending = asyncio.create_task(
        wire.send(request(method="POST", headers=f"Content-Length: {64 << 20}\r\n") + bytes(64 << 20))
    )
    assert (await wire.read_response()).status == 504
    sending.cancel()


@limited(silent_seconds=0.2, idle_seconds=0.2, head_seconds=0.2)
async def test_a_response_that_has_begun_may_be_silent_for_long(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(1.5)
        await wire.send(b"ok")

    await house.serve(App(handle))
    assert (await house.ask(request())).body == b"ok"


@limited(stall_seconds=0.2)
async def test_a_client_that_does_not_read_its_response_loses_it(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
        await wire.send(bytes(64 << 20))

    await house.serve(App(handle))
    async with connected(house.port, receive_bytes=1 << 14) as wire:
        await wire.send(request())
        await until(lambda: house.gateway.signals("a").revisions[0].requests)
        await until(lambda: house.gateway.signals("a").revisions[0].in_flight == 0)


async def test_a_head_as_large_as_may_be_passes_and_a_larger_one_is_431(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    room = (32 << 10) - len(request(headers="X: \r\n"))
    assert (await house.ask(request(headers=f"X: {'a' * room}\r\n"))).status == 200
    for fields in (f"X: {'a' * (33 << 10)}\r\n", "X: a\r\n" * 6000, f"{'X' * (33 << 10)}: a\r\n"):
        answer = await house.ask(request(headers=fields))
        assert (answer.status, answer.get("connection")) == (431, "close")
    endless = await house.wire()
    await endless.send(b"GET / HTTP/1.1\r\nX: " + b"a" * (40 << 10))
    assert (await endless.read_response()).status == 431
    assert len(app.seen) == 1


async def test_an_address_that_is_too_long_is_414(house: House) -> None:
    await house.serve(App.saying(response()))
    assert (await house.ask(request("/" + "a" * 16_000))).status == 200
    assert (await house.ask(request("/" + "a" * 17_000))).status == 414


async def test_endless_trailers_end_the_request(house: House) -> None:
    await house.serve(App(silent))
    for trailer in (b"a" * (1 << 16), b"X: a\r\n" * 10_000):
        wire = await house.wire()
        await wire.send(request(method="POST", headers="Transfer-Encoding: chunked\r\n") + b"0\r\nX: ")
        drip = asyncio.create_task(dripping(wire, trailer))
        assert (await wire.read_response()).status == 431
        drip.cancel()


@limited(requests_per_revision=2)
async def test_more_requests_at_once_than_an_app_may_have_are_503(house: House) -> None:
    app = App(silent)
    await house.serve(app)
    first, second = await house.wire(), await house.wire()
    await first.send(request())
    await second.send(request())
    await until(lambda: len(app.seen) == 2)
    answer = await house.ask(request())
    assert answer.status == 503
    assert int(answer.get("retry-after") or 0) > 0
    await first.close()
    await second.close()


@limited(connections=2)
async def test_more_connections_than_there_may_be_are_turned_away(house: House) -> None:
    await house.serve(App.saying(response()))
    wires = [await house.wire() for _ in range(2)]
    for wire in wires:
        assert (await wire.ask(request())).status == 200
    turned_away = await house.wire()
    answer = await turned_away.read_response()
    assert (answer.status, answer.get("connection")) == (503, "close")
    assert (await wires[1].ask(request())).status == 200


async def test_a_client_that_is_gone_before_it_is_accepted_does_no_harm(house: House) -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    await house.serve(App.saying(response()))
    for _ in range(20):
        sock = socket.create_connection(("127.0.0.1", house.port))
        sock.sendall(request())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    assert (await house.ask(request())).status == 200
    assert reported == []


async def test_a_dial_that_fails_in_an_unknown_way_is_500_and_is_reported(house: House) -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    async def dial() -> socket.socket:
        raise ZeroDivisionError("a fault of ours")

    house.gateway.route("a", [(Backend(1, dial), 100)])
    answer = await house.ask(request())
    assert answer.status == 500
    assert b"fault" not in answer.body
    assert isinstance(reported[0]["exception"], ZeroDivisionError)


async def test_closing_lets_requests_finish_and_accepts_no_more() -> None:
    gateway = Gateway()
    port = await gateway.listen("127.0.0.1", 0)
    gate = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_request())
        await gate.wait()
        await wire.send(response(b"late"))

    async with App(handle) as app, connected(port) as idle, connected(port) as busy:
        gateway.route("a", [(app.backend(), 100)])
        await busy.send(request())
        await until(lambda: app.seen)
        closing = asyncio.create_task(gateway.close(10))
        assert await idle.read_all() == b""
        try:
            await Wire.to(port)
            raise AssertionError("still accepts connections")
        except ConnectionRefusedError:
            pass
        gate.set()
        answer = await busy.read_response()
        assert (answer.body, answer.get("connection")) == (b"late", "close")
        assert await busy.read_all() == b""
        await closing


async def test_several_addresses_lead_to_the_same_apps(house: House) -> None:
    await house.serve(App.saying(response()))
    other = await house.gateway.listen("::1", 0)
    reader, writer = await asyncio.open_connection("::1", other)
    assert (await Wire(reader, writer).ask(request())).status == 200
    writer.close()
    await writer.wait_closed()


async def test_another_base_domain_names_other_hosts() -> None:
    gateway = Gateway(base_domain="Apps.Example.COM.", limits=Limits())
    port = await gateway.listen("127.0.0.1", 0)
    async with App.saying(response()) as app, connected(port) as wire:
        gateway.route("a", [(app.backend(), 100)])
        assert (await wire.ask(request(host="a.apps.example.com"))).status == 200
        assert (await wire.ask(request(host="a.localhost"))).status == 404
    await gateway.close(0)


async def test_nothing_stays_open_when_all_is_over() -> None:
    def sockets() -> int:
        links = [entry for entry in os.scandir("/proc/self/fd") if entry.is_symlink()]
        return sum(_points_to_a_socket(link.path) for link in links)

    before = sockets()
    gateway = Gateway()
    port = await gateway.listen("127.0.0.1", 0)
    async with App.saying(response()) as app:
        gateway.route("a", [(app.backend(), 100)])
        for _ in range(10):
            async with connected(port) as wire:
                assert (await wire.ask(request())).status == 200
        await gateway.close(1)
        await until(lambda: app.wires[0].reader.at_eof())
    await until(lambda: sockets() <= before)


def _points_to_a_socket(link: str) -> bool:
    try:
        return str(Path(link).readlink()).startswith("socket:")
    except FileNotFoundError:
        return False
