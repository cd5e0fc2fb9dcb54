import asyncio

import pytest

from devgem.gateway.tunnel import FrameCursor

from .conftest import House, limited, until
from .peers import App, Wire, connected, request

ASK = request(
    "/chat",
    headers="Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v1\r\n",
)
AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: v1\r\n\r\n"
)
HELLO = b"\x81\x05Hello"
GOING_AWAY = b"\x88\x02\x03\xe9"


async def echo(app: App, wire: Wire) -> None:
    app.seen.append(await wire.read_request())
    await wire.send(AGREED)
    while data := await wire.read_some():
        await wire.send(data)


async def opened(house: House) -> Wire:
    wire = await house.wire()
    answer = await wire.ask(ASK)
    assert answer.status == 101
    return wire


async def test_a_websocket_passes_both_ways(house: House) -> None:
    app = App(echo)
    await house.serve(app)
    wire = await house.wire()
    answer = await wire.ask(ASK)
    assert answer.start == "HTTP/1.1 101 Switching Protocols"
    assert (answer.get("upgrade"), answer.get("connection")) == ("websocket", "Upgrade")
    assert (answer.get("sec-websocket-protocol"), answer.get("transfer-encoding")) == ("v1", None)
    (seen,) = app.seen
    assert (seen.get("upgrade"), seen.get("connection")) == ("websocket", "Upgrade")
    assert seen.get("sec-websocket-key") == "dGhlIHNhbXBsZSBub25jZQ=="
    await wire.send(HELLO)
    assert await wire.read_exactly(len(HELLO)) == HELLO
    large = bytes(range(256)) * 8192
    sending = asyncio.create_task(wire.send(large))
    assert await wire.read_exactly(len(large)) == large
    await sending


async def test_an_app_may_speak_in_the_same_breath_as_it_agrees(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(AGREED + HELLO)
        await wire.read_all()

    await house.serve(App(handle))
    wire = await opened(house)
    assert await wire.read_exactly(len(HELLO)) == HELLO


async def test_a_client_may_speak_before_the_app_has_agreed(house: House) -> None:
    await house.serve(App(echo))
    wire = await house.wire()
    await wire.send(ASK + HELLO)
    assert (await wire.read_response()).status == 101
    assert await wire.read_exactly(len(HELLO)) == HELLO


async def test_a_websocket_may_wait_behind_another_request(house: House) -> None:
    agreeing = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        while (await wire.read_request()).target != "/chat":
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await agreeing.wait()
        await wire.send(AGREED)
        await wire.send(await wire.read_exactly(2 * len(HELLO)))

    await house.serve(App(handle))
    wire = await house.wire()
    await wire.send(request() + request() + ASK + HELLO)
    for _ in range(2):
        assert (await wire.read_response()).status == 200
    await wire.send(HELLO)
    # Whatever the gateway would do with the frame, it has done by the time it answers somebody else.
    assert (await house.ask(request(host="none.localhost"))).status == 404
    agreeing.set()
    assert (await wire.read_response()).status == 101
    assert await wire.read_exactly(2 * len(HELLO)) == HELLO * 2


async def test_a_refused_websocket_leaves_an_http_connection(house: House) -> None:
    app = App.saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    await house.serve(app)
    wire = await house.wire()
    for asked in (ASK, request("/next")):
        answer = await wire.ask(asked)
        assert (answer.status, answer.body) == (403, b"no")
    assert [seen.target for seen in app.seen] == ["/chat", "/next"]


async def test_what_was_said_too_early_to_an_app_that_refuses_is_never_taken_for_a_request(house: House) -> None:
    app = App.saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    await house.serve(app)
    wire = await house.wire()
    await wire.send(ASK + request("/smuggled"))
    answer = await wire.read_response()
    assert (answer.status, answer.get("connection")) == (403, "close")
    assert await wire.read_all() == b""
    assert [seen.target for seen in app.seen] == ["/chat"]


async def test_a_websocket_to_no_app_is_not_found(house: House) -> None:
    wire = await house.wire()
    await wire.send(ASK + request("/smuggled"))
    answer = await wire.read_response()
    assert (answer.status, answer.get("connection")) == (404, "close")
    assert await wire.read_all() == b""


@pytest.mark.parametrize("side", ["client", "app"])
async def test_either_side_may_end_it(house: House, side: str) -> None:
    ended = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(AGREED)
        if side == "client":
            await wire.read_all()
        ended.set()

    await house.serve(App(handle))
    wire = await opened(house)
    if side == "client":
        await wire.close()
    else:
        assert await wire.read_all() == b""
        await wire.close()
    async with asyncio.timeout(30):
        await ended.wait()
    await until(lambda: house.gateway.signals("a").revisions[0].in_flight == 0)
    assert house.gateway.signals("a").revisions[0].by_status == {"1xx": 1}


async def test_one_side_may_close_its_half_and_still_hear_the_other(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(AGREED)
        assert await wire.read_all() == HELLO
        await wire.send(HELLO)

    await house.serve(App(handle))
    wire = await opened(house)
    await wire.send(HELLO)
    wire.writer.write_eof()
    assert await wire.read_all() == HELLO


async def test_a_websocket_stays_with_its_revision_and_counts_as_in_flight(house: House) -> None:
    old = App(echo)
    await house.serve(old)
    wire = await opened(house)
    async with App(echo) as new:
        house.gateway.route("a", [(new.backend(2), 100)])
        await wire.send(HELLO)
        assert await wire.read_exactly(len(HELLO)) == HELLO
        assert not await house.gateway.drained("a", 1, 0.01)
        await wire.close()
        assert await house.gateway.drained("a", 1, 10)


async def test_a_cut_websocket_is_told_that_the_server_goes_away(house: House) -> None:
    await house.serve(App(echo))
    wire = await opened(house)
    house.gateway.unroute("a")
    assert not await house.gateway.drained("a", 1, 0.01)
    house.gateway.cut("a", 1)
    assert await wire.read_all() == GOING_AWAY
    assert await house.gateway.drained("a", 1, 10)


async def test_a_websocket_cut_in_the_middle_of_a_frame_gets_no_frame_inside_it(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(AGREED + HELLO + b"\x82\x7e\x01\x00half")
        await wire.read_all()

    await house.serve(App(handle))
    wire = await opened(house)
    assert await wire.read_exactly(len(HELLO) + 8) == HELLO + b"\x82\x7e\x01\x00half"
    house.gateway.unroute("a")
    house.gateway.cut("a", 1)
    assert await wire.read_all() == b""


async def test_closing_the_gateway_cuts_a_websocket_at_the_limit(house: House) -> None:
    await house.serve(App(echo))
    wire = await opened(house)
    closing = asyncio.create_task(house.gateway.close(0.05))
    assert await wire.read_all() == GOING_AWAY
    await closing


@limited(stall_seconds=0.2)
async def test_a_client_that_does_not_read_loses_its_websocket(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(AGREED)
        while True:
            await wire.send(bytes(1 << 16))

    await house.serve(App(handle))
    async with connected(house.port, receive_bytes=1 << 14) as wire:
        await wire.send(ASK)
        await until(lambda: house.gateway.signals("a").revisions[0].requests)
        await until(lambda: house.gateway.signals("a").revisions[0].in_flight == 0)


FRAMES = (
    b"\x81\x00",
    b"\x01\x05Hello",
    b"\x81\x85mask-----",
    b"\x82\x7e\x01\x00" + bytes(256),
    b"\x82\xff" + bytes(8 + 4),
)
LONG = b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + bytes(65536)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_the_end_of_a_frame_is_known_however_the_bytes_come(size: int) -> None:
    for frame in (*FRAMES, LONG, b"".join(FRAMES) * 2):
        cursor = FrameCursor()
        for at in range(0, len(frame) - 1, size):
            cursor.feed(frame[at : min(at + size, len(frame) - 1)])
        assert not cursor.between_frames
        cursor.feed(frame[-1:])
        assert cursor.between_frames
        assert not cursor.closing
    cursor.feed(GOING_AWAY)
    assert cursor.closing
