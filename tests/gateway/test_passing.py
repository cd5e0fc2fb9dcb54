"""Requests to an app and its responses, as HTTP/1.1 frames them."""

import asyncio
import re
from collections.abc import Callable

import pytest

from .conftest import House, limited, until
from .peers import App, Wire, request, response

CHUNKED = "Transfer-Encoding: chunked\r\n"


def scripted(data: bytes, *, close: bool = False) -> App:
    """An app that says `data` after each request."""

    async def handle(app: App, wire: Wire) -> None:
        while True:
            app.seen.append(await wire.read_request())
            await wire.send(data)
            if close:
                return

    return App(handle)


async def test_a_request_reaches_the_app_and_its_response_the_client(house: House) -> None:
    app = App.saying(response(b"hello", "201 Created", "X-App: yes\r\nDate: its own\r\n"))
    await house.serve(app)

    answer = await house.ask(request("/path?q=1", method="POST", headers="Content-Length: 3\r\nX-Mine: 1\r\n") + b"abc")

    assert (answer.status, answer.body) == (201, b"hello")
    assert (answer.get("x-app"), answer.get("date")) == ("yes", "its own")
    (seen,) = app.seen
    assert seen.start == "POST /path?q=1 HTTP/1.1"
    assert (seen.body, seen.get("host"), seen.get("x-mine")) == (b"abc", "a.localhost", "1")


async def test_the_gateway_runs_on_uvloop_here_as_in_the_edge_process(house: House) -> None:
    assert type(asyncio.get_running_loop()).__module__ == "uvloop"


async def test_both_connections_are_kept_alive(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    wire = await house.wire()
    for _ in range(3):
        assert (await wire.ask(request())).status == 200
    assert (len(app.seen), app.dialled) == (3, 1)


async def test_pipelined_requests_are_answered_in_order(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        while True:
            asked = await wire.read_request()
            if asked.target == "/0":
                await asyncio.sleep(0.05)
            await wire.send(response(asked.target.encode() + asked.body))

    await house.serve(App(handle))
    wire = await house.wire()
    await wire.send(
        request("/0")
        + request("/1", method="POST", headers="Content-Length: 2\r\n")
        + b"hi"
        + request("/nobody", host="b.localhost")
        + request("/3", headers="Connection: close\r\n")
    )
    assert (await wire.read_response()).body == b"/0"
    assert (await wire.read_response()).body == b"/1hi"
    assert (await wire.read_response()).status == 404
    last = await wire.read_response()
    assert (last.body, last.get("connection")) == (b"/3", "close")
    assert await wire.read_all() == b""


@limited(pipelined=4)
async def test_too_many_pipelined_requests_are_answered_up_to_the_limit_then_the_connection_closes(
    house: House,
) -> None:
    await house.serve(App.saying(response()))
    wire = await house.wire()
    await wire.send(request() * 50)
    for _ in range(4):
        assert (await wire.read_response()).get("connection") is None
    assert (await wire.read_response()).get("connection") == "close"
    assert await wire.read_all() == b""


async def test_a_chunked_request_stays_chunked_and_its_trailers_are_dropped(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    await house.ask(
        request(method="POST", headers=CHUNKED + "Trailer: X-Sum\r\n")
        + b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\nHost: b.localhost\r\n\r\n"
    )
    (seen,) = app.seen
    assert (seen.body, seen.get("transfer-encoding"), seen.get("content-length")) == (b"abcde", "chunked", None)
    assert (seen.trailers, seen.get("trailer"), seen.get("x-sum")) == ([], None, None)


async def test_a_chunked_response_stays_chunked_and_the_connection_is_reused(house: House) -> None:
    app = scripted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n")
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        answer = await wire.ask(request())
        assert (answer.body, answer.get("transfer-encoding"), answer.trailers) == (b"abcde", "chunked", [])
    assert app.dialled == 1


async def test_a_response_that_only_closing_ends_becomes_chunked(house: House) -> None:
    app = scripted(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it", close=True)
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        answer = await wire.ask(request())
        assert (answer.body, answer.get("transfer-encoding")) == (b"all of it", "chunked")
    assert app.dialled == 2


async def test_a_response_that_breaks_off_is_seen_to_break_off(house: House) -> None:
    for broken in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nnot all\r\n",
    ):
        await house.serve(scripted(broken, close=True))
        wire = await house.wire()
        await wire.send(request())
        await wire.read_head()
        rest = await wire.read_all()
        assert b"not all" in rest
        assert not rest.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("framing", ["Content-Length: 5\r\n", CHUNKED, ""])
async def test_the_answer_to_head_has_no_body(house: House, framing: str) -> None:
    app = scripted(f"HTTP/1.1 200 OK\r\n{framing}X-App: yes\r\n\r\n".encode())
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        answer = await wire.ask(request(method="HEAD"))
        assert answer.get("x-app") == "yes"
        assert answer.get("content-length") == ("5" if "Length" in framing else None)
    await wire.send(request(headers="Connection: close\r\n", method="HEAD"))
    assert (await wire.read_all()).endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ("204 No Content\r\nContent-Length: 0\r\n\r\n", None),
        ("304 Not Modified\r\nContent-Length: 99\r\n\r\n", "99"),
        ("204 No Content\r\n\r\n", None),
        ("304 Not Modified\r\n\r\n", None),
    ],
)
async def test_204_and_304_have_no_body(house: House, said: str, length: str | None) -> None:
    app = scripted(f"HTTP/1.1 {said}".encode())
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        answer = await wire.ask(request())
        assert (answer.get("content-length"), answer.get("transfer-encoding")) == (length, None)
    assert app.dialled == 1


async def test_interim_responses_pass(house: House) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    await house.serve(scripted(hints + response(b"page")))
    wire = await house.wire()
    assert (await wire.ask(request())).get("link") == "</a.css>; rel=preload"
    assert (await wire.read_response()).body == b"page"


async def test_expect_100_continue_is_left_to_the_app(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_head())
        await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await wire.read_exactly(5) == b"hello"
        await wire.send(response())

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    asked = request(method="PUT", headers="Expect: 100-continue\r\nContent-Length: 5\r\n")
    assert (await wire.ask(asked)).start == "HTTP/1.1 100 Continue"
    answer = await wire.ask(b"hello")
    assert (answer.status, answer.get("connection")) == (200, None)
    assert app.seen[0].get("expect") == "100-continue"


async def test_a_refusal_in_place_of_100_continue_closes_the_connection(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_head()
        await wire.send(response(b"no", "413 Content Too Large"))
        await wire.read_all()

    await house.serve(App(handle))
    wire = await house.wire()
    asked = request(method="PUT", headers="Expect: 100-continue\r\nContent-Length: 5\r\n")
    answer = await wire.ask(asked)
    assert (answer.status, answer.body, answer.get("connection")) == (413, b"no", "close")
    assert await wire.read_all() == b""


async def test_an_early_answer_leaves_the_rest_of_the_body_to_flow(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        while True:
            asked = await wire.read_head()
            await wire.send(response(b"early"))
            app.seen.append(asked)
            asked.body = await wire.read_exactly(int(asked.get("content-length") or 0))

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    assert (await wire.ask(request(method="POST", headers="Content-Length: 6\r\n") + b"abc")).body == b"early"
    await wire.send(b"def")
    assert (await wire.ask(request())).body == b"early"
    assert [seen.body for seen in app.seen] == [b"abcdef", b""]
    assert app.dialled == 1


async def test_a_body_that_the_app_no_longer_wants_is_read_to_its_end(house: House) -> None:
    leave = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_head()
        await wire.send(response(b"too large", "413 Content Too Large"))
        await leave.wait()

    await house.serve(App(handle))
    wire = await house.wire()
    size, sent = 32 << 20, 0

    async def upload() -> None:
        nonlocal sent
        await wire.send(request(method="POST", headers=f"Content-Length: {size}\r\n"))
        for _ in range(32):
            await wire.send(bytes(1 << 20))
            sent += 1

    sending = asyncio.create_task(upload())
    assert (await wire.read_response()).status == 413
    await stands_still(lambda: sent)
    assert sent < 24
    leave.set()
    await sending
    assert (await wire.ask(request(host="none.localhost"))).status == 404


async def test_an_http_1_0_client_gets_a_plain_body_and_a_closed_connection(house: House) -> None:
    app = scripted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    await house.serve(app)
    said = await house.raw(b"GET / HTTP/1.0\r\nHost: a.localhost\r\nConnection: keep-alive\r\n\r\n")
    head, _, body = said.partition(b"\r\n\r\n")
    assert body == b"abc"
    assert b"Connection: close" in head
    assert b"chunked" not in head
    assert app.seen[0].start == "GET / HTTP/1.1"


async def test_a_client_that_closes_its_side_still_gets_its_answer(house: House) -> None:
    held = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_request())
        await held.wait()
        await wire.send(response(b"late"))

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request())
    wire.writer.write_eof()
    await until(lambda: app.seen)
    held.set()
    assert (await wire.read_response()).body == b"late"
    assert await wire.read_all() == b""


async def test_a_client_that_leaves_ends_the_request_to_the_app(house: House) -> None:
    ended = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        app.seen.append(await wire.read_head())
        await wire.read_all()
        ended.set()

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request(method="POST", headers="Content-Length: 10\r\n") + b"abc")
    await until(lambda: app.seen)
    await wire.close()
    async with asyncio.timeout(30):
        await ended.wait()
    assert house.gateway.signals("a").revisions[0].by_status == {"4xx": 1}


async def test_events_of_a_stream_arrive_one_by_one(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(3):
            await wire.send(b"data: %d\n\n" % number)
            assert await wire.read_exactly(1) == b"."

    app = App(handle)
    await house.serve(app)
    wire = await house.wire()
    await wire.send(request())
    assert (await wire.read_head()).get("content-type") == "text/event-stream"
    for number in range(3):
        event = b"data: %d\n\n" % number
        assert await wire.read_exactly(len(event) + 5) == b"%x\r\n%b\r\n" % (len(event), event)
        app.wires[0].reader.feed_data(b".")


async def test_an_event_stream_ends_with_its_client(house: House) -> None:
    ended = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await wire.read_all()
        ended.set()

    await house.serve(App(handle))
    wire = await house.wire()
    await wire.send(request())
    await wire.read_head()
    await wire.close()
    async with asyncio.timeout(30):
        await ended.wait()


async def test_a_large_body_passes_both_ways_at_once(house: House) -> None:
    size = 20 << 20

    async def handle(app: App, wire: Wire) -> None:
        head = await wire.read_head()
        left = int(head.get("content-length") or 0)
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
        while left:
            piece = await wire.read_some()
            left -= len(piece)
            await wire.send(piece)

    await house.serve(App(handle))
    wire = await house.wire()
    block = bytes(range(256)) * 1024

    async def upload() -> None:
        await wire.send(request(method="POST", headers=f"Content-Length: {size}\r\n"))
        for _ in range(size // len(block)):
            await wire.send(block)

    sending = asyncio.create_task(upload())
    await wire.read_head()
    for _ in range(size // len(block)):
        assert await wire.read_exactly(len(block)) == block
    await sending


async def test_a_client_that_does_not_read_stops_the_app_and_not_memory(house: House) -> None:
    sent = 0

    async def handle(app: App, wire: Wire) -> None:
        nonlocal sent
        await wire.read_request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
        for _ in range(64):
            await wire.send(bytes(1 << 20))
            sent += 1

    await house.serve(App(handle))
    wire = await house.wire(receive_bytes=1 << 14)
    await wire.send(request())
    await wire.read_head()
    await stands_still(lambda: sent)
    # What the kernel and both sides' buffers hold, and no more.
    assert sent < 24


async def test_an_app_that_does_not_read_stops_the_client_and_not_memory(house: House) -> None:
    sent = 0
    reading = asyncio.Event()

    async def handle(app: App, wire: Wire) -> None:
        await wire.read_head()
        await reading.wait()
        await wire.read_exactly(64 << 20)
        await wire.send(response())

    await house.serve(App(handle))
    wire = await house.wire()

    async def upload() -> None:
        nonlocal sent
        await wire.send(request(method="POST", headers=f"Content-Length: {64 << 20}\r\n"))
        for _ in range(64):
            await wire.send(bytes(1 << 20))
            sent += 1

    sending = asyncio.create_task(upload())
    await stands_still(lambda: sent)
    assert sent < 24
    reading.set()
    await sending
    assert (await wire.read_response()).status == 200


async def stands_still(value: Callable[[], int]) -> None:
    """Waits until a number that grows has not grown for a while."""
    last = -1
    while last != (now := value()) or not now:
        last = now
        await asyncio.sleep(0.2)


async def test_a_head_may_come_byte_by_byte(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    wire = await house.wire()
    for byte in request("/slow", method="POST", headers="X-A: one\r\nContent-Length: 1\r\n") + b"x":
        await wire.send(bytes([byte]))
    assert (await wire.read_response()).status == 200
    assert (app.seen[0].target, app.seen[0].get("x-a"), app.seen[0].body) == ("/slow", "one", b"x")


async def test_a_response_may_come_byte_by_byte(house: House) -> None:
    async def handle(app: App, wire: Wire) -> None:
        await wire.read_request()
        for byte in b"HTTP/1.1 200 OK\r\nX-A: one\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n":
            await wire.send(bytes([byte]))

    await house.serve(App(handle))
    answer = await house.ask(request())
    assert (answer.get("x-a"), answer.body) == ("one", b"x")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "QUERY"])
async def test_every_usual_method_passes(house: House, method: str) -> None:
    app = App.saying(response())
    await house.serve(app)
    assert (await house.ask(request(method=method))).status == 200
    assert app.seen[0].start == f"{method} / HTTP/1.1"


async def test_options_may_ask_about_the_whole_server(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    assert (await house.ask(request("*", method="OPTIONS"))).status == 200
    assert app.seen[0].start == "OPTIONS * HTTP/1.1"


async def test_an_absolute_target_that_agrees_with_the_host_becomes_a_path(house: House) -> None:
    app = App.saying(response())
    await house.serve(app)
    for target, path in (
        ("http://A.localhost:80/x?y", "/x?y"),
        ("http://a.localhost", "/"),
        ("http://a.localhost?q", "/?q"),
    ):
        assert (await house.ask(request(target))).status == 200
        assert app.seen[-1].target == path


async def test_an_app_is_found_by_the_label_before_the_base_domain(house: House) -> None:
    await house.serve(App.saying(response()), "shop-2")
    for host in (
        "shop-2.localhost",
        "SHOP-2.LocalHost",
        "shop-2.localhost:8080",
        "shop-2.localhost.",
        "shop-2.localhost:",
    ):
        assert (await house.ask(request(host=host))).status == 200, host
    for host in ("localhost", "a.shop-2.localhost", "shop-2", "shop-2.localhost.example", "127.0.0.1", "[::1]:8080"):
        answer = await house.ask(request(host=host))
        assert (answer.status, answer.get("connection")) == (404, None), host
        assert host.encode() in answer.body


async def test_an_error_page_is_html_for_a_browser_and_escapes_what_it_repeats(house: House) -> None:
    answer = await house.ask(request(host="no-such.localhost", headers="Accept: text/html,*/*\r\n"))
    assert answer.get("content-type") == "text/html; charset=utf-8"
    assert b"no-such.localhost" in answer.body
    app = scripted(b"HTTP/1.1 <b>\r\n\r\n", close=True)
    await house.serve(app)
    answer = await house.ask(request(headers="Accept: text/html\r\n"))
    assert answer.status == 502
    assert b"<b>" not in answer.body
    assert re.search(rb"<h1>502 Bad Gateway</h1>\s*<p>[^<]*&#x27;a&#x27;", answer.body)


async def test_an_error_page_answers_head_without_its_body(house: House) -> None:
    wire = await house.wire()
    await wire.send(request(method="HEAD", host="none.localhost", headers="Connection: close\r\n"))
    said = await wire.read_all()
    assert said.startswith(b"HTTP/1.1 404 ")
    assert said.endswith(b"\r\n\r\n")


async def test_a_body_sent_to_no_app_is_thrown_away(house: House) -> None:
    wire = await house.wire()
    asked = request(method="POST", host="none.localhost", headers=f"Content-Length: {4 << 20}\r\n")
    await wire.send(asked + bytes(4 << 20))
    answer = await wire.read_response()
    assert (answer.status, answer.get("connection")) == (404, "close")
    assert await wire.read_all() == b""
