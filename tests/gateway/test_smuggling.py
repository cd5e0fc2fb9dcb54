import asyncio

import pytest

from .conftest import House
from .corpus import BAD_RESPONSES, PASSED, POISONED, REFUSED
from .peers import App, Wire, request, response


@pytest.mark.parametrize("name", REFUSED)
async def test_a_request_with_two_meanings_is_refused_and_ends_the_connection(house: House, name: str) -> None:
    status, asked = REFUSED[name]
    app = App.saying(response())
    await house.serve(app)
    wire = await house.wire()
    await wire.send(asked.encode() + request("/next"))
    answer = await wire.read_response()
    assert (answer.status, answer.get("connection")) == (status, "close")
    assert await wire.read_all() == b""
    assert [seen for seen in app.seen if seen.target != "/"] == []
    assert all(name in {"content-length", "content-type"} or len(value) < 200 for name, value in answer.headers)


@pytest.mark.parametrize("name", PASSED)
async def test_an_unusual_request_is_passed_on_in_its_one_meaning(house: House, name: str) -> None:
    asked, targets, body = PASSED[name]
    app = App.saying(response())
    await house.serve(app)
    wire = await house.wire()
    await wire.send(asked.encode())
    for _ in targets:
        assert (await wire.read_response()).status == 200
    assert [seen.target for seen in app.seen] == targets
    assert b"".join(seen.body for seen in app.seen) == body
    for seen in app.seen:
        assert seen.get("upgrade") is seen.get("http2-settings") is seen.get("connection") is None
        assert seen.get("content-length") in (None, str(len(seen.body)))


@pytest.mark.parametrize("name", BAD_RESPONSES)
async def test_a_response_with_two_meanings_becomes_502(house: House, name: str) -> None:
    app = App.saying(BAD_RESPONSES[name].encode())
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        answer = await wire.ask(request())
        assert answer.status == 502
        assert b"'a'" in answer.body
        assert answer.get("set-cookie") is None
    assert app.dialled == 2


@pytest.mark.parametrize("name", POISONED)
async def test_what_follows_a_complete_response_reaches_nobody(house: House, name: str) -> None:
    method, said = POISONED[name]
    app = App.saying(said.encode())
    await house.serve(app)
    wire = await house.wire()
    for count in (1, 2):
        answer = await wire.ask(request(method=method))
        assert answer.status in (200, 204, 304)
        assert answer.body in (b"", b"ok")
        assert app.dialled == count


async def test_a_response_to_no_request_closes_the_idle_connection(house: House) -> None:
    speak, ended = asyncio.Event(), asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(response(b"good"))
        await speak.wait()
        await wire.send(response(b"poison"))
        await wire.read_all()
        ended.set()

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    assert (await wire.ask(request())).body == b"good"
    speak.set()
    async with asyncio.timeout(10):
        await ended.wait()
    assert (await wire.ask(request())).body == b"good"
    assert app.dialled == 2


async def test_a_request_that_turns_bad_in_its_body_never_completes_at_the_app(house: House) -> None:
    bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_head())
        bodies.put_nowait(await wire.read_exactly(10))
        bodies.put_nowait(await wire.read_all())

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request(method="POST", headers="Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n")
    async with asyncio.timeout(10):
        assert await bodies.get() == b"5\r\nhello\r\n"
        await wire.send(b"zz\r\n")
        assert (await wire.read_response()).status == 400
        assert await bodies.get() == b""
