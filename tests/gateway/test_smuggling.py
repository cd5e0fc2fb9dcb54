import asyncio
import contextlib
import random

import pytest

from .conftest import House, until
from .corpus import BAD_RESPONSES, PASSED, POISONED, REFUSED
from .peers import App, Wire, connected, request, response


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


async def test_requests_before_a_refused_one_are_answered_first(house: House) -> None:
    gate = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        while True:
            app.seen.append(await wire.read_request())
            await gate.wait()
            await wire.send(response(app.seen[-1].target.encode()))

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request("/1") + request("/2") + b"nonsense\r\n\r\n" + request("/3"))
    await until(lambda: app.seen)
    gate.set()
    assert (await wire.read_response()).body == b"/1"
    assert (await wire.read_response()).body == b"/2"
    last = await wire.read_response()
    assert (last.status, last.get("connection")) == (400, "close")
    assert await wire.read_all() == b""
    assert [seen.target for seen in app.seen] == ["/1", "/2"]


async def test_a_bad_request_is_refused_however_its_bytes_come(house: House) -> None:
    await house.serve(App.saying(response()))
    for name, (status, asked) in REFUSED.items():
        wire = await house.wire()
        for byte in asked.encode():
            if wire.writer.transport.is_closing():
                break
            wire.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        wire.writer.write(request())
        assert (await wire.read_response()).status == status, name
        await wire.close()


async def test_garbage_never_gets_a_fault_out_of_the_gateway(house: House) -> None:
    """Seeded mutations of the corpus, on both sides at once."""
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    dice = random.Random(7)
    requests = [asked.encode() for _, asked in REFUSED.values()] + [asked.encode() for asked, _, _ in PASSED.values()]
    responses = [said.encode() for said in BAD_RESPONSES.values()] + [said.encode() for _, said in POISONED.values()]

    def mutated(data: bytes) -> bytes:
        at = dice.randrange(len(data))
        piece = dice.choice([b"", b"\r\n", b"\n", b"\0", b":", bytes([dice.randrange(256)]), data[at : at + 20]])
        return data[:at] + piece + data[at + dice.randrange(3) :]

    async def handle(app: App, wire: Wire) -> None:
        while await wire.read_some():
            await wire.send(mutated(dice.choice([*responses, response()])))
            if dice.random() < 0.5:
                return

    async def visit() -> None:
        for _ in range(20):
            async with connected(house.port) as wire:
                with contextlib.suppress(ConnectionError):
                    await wire.send(mutated(dice.choice(requests) + dice.choice(requests)))
                    wire.writer.write_eof()
                    await wire.read_some()

    await house.serve(App(handle))
    async with asyncio.timeout(60):
        await asyncio.gather(*(visit() for _ in range(25)))
    assert reported == []
    assert (await house.ask(request(host="none.localhost"))).status == 404


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
    async with asyncio.timeout(30):
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
    async with asyncio.timeout(30):
        assert await bodies.get() == b"5\r\nhello\r\n"
        await wire.send(b"zz\r\n")
        assert (await wire.read_response()).status == 400
        assert await bodies.get() == b""
