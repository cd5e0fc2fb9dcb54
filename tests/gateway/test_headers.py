import pytest

from devgem.gateway import headers

from .conftest import House, limited
from .peers import App, Message, request, response


async def seen_by_app(house: House, fields: str, *, host: str = "a.localhost") -> Message:
    app = App.saying(response())
    await house.serve(app)
    assert (await house.ask(request(headers=fields, host=host))).status == 200
    return app.seen[0]


async def test_hop_by_hop_fields_end_at_the_gateway(house: House) -> None:
    seen = await seen_by_app(
        house,
        "Connection: keep-alive, X-Secret, cookie\r\nKeep-Alive: timeout=5\r\nX-Secret: 1\r\nCookie: a=b\r\n"
        "TE: trailers\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\n"
        "X-Kept: yes\r\n",
    )
    names = {name for name, _ in seen.headers}
    assert names == {"host", "x-kept", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}


async def test_hop_by_hop_fields_of_a_response_end_at_the_gateway(house: House) -> None:
    app = App.saying(
        response(
            headers="Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
            "Upgrade: h2\r\nServer: own\r\n"
        )
    )
    await house.serve(app)
    answer = await house.ask(request())
    assert sorted(answer.headers) == [("content-length", "2"), ("server", "own")]


async def test_repeated_fields_stay_apart_and_in_order(house: House) -> None:
    app = App.saying(response(headers="Set-Cookie: a=1\r\nX: 1\r\nSet-Cookie: b=2\r\n"))
    await house.serve(app)
    answer = await house.ask(request(headers="Accept: a\r\nX-A: 1\r\nAccept: b\r\n"))
    assert answer.all("set-cookie") == ["a=1", "b=2"]
    assert app.seen[0].all("accept") == ["a", "b"]


@pytest.mark.parametrize("value", ["5, close", "CLOSE"])
async def test_a_connection_that_the_app_closes_is_not_used_again(house: House, value: str) -> None:
    app = App.saying(response(headers=f"Connection: {value}\r\n"))
    await house.serve(app)
    wire = await house.wire()
    for _ in range(2):
        assert (await wire.ask(request())).get("connection") is None
    assert app.dialled == 2


async def test_forwarded_fields_say_what_the_gateway_saw_and_not_what_the_client_claims(house: House) -> None:
    seen = await seen_by_app(
        house,
        "X-Forwarded-For: 1.2.3.4\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
        "Forwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Prefix: /x\r\nProxy: http://evil/\r\n"
        "X_Forwarded_For: 1.2.3.4\r\nX-Forwarded_Proto: https\r\nContent_Length: 7\r\nx_ok: 1\r\n",
        host="A.localhost:1234",
    )
    assert dict(seen.headers) == {
        "host": "A.localhost:1234",
        "x_ok": "1",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-port": str(house.port),
        "x-forwarded-host": "A.localhost:1234",
    }


@limited(trusted_proxies=("127.0.0.0/8", "::1/128"))
async def test_a_trusted_proxy_is_believed(house: House) -> None:
    seen = await seen_by_app(
        house,
        "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: shop.example\r\nForwarded: for=1.2.3.4\r\n",
    )
    assert dict(seen.headers) == {
        "host": "a.localhost",
        "x-forwarded-for": "9.9.9.9, 8.8.8.8, 127.0.0.1",
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "x-forwarded-host": "shop.example",
    }


@limited(trusted_proxies=("127.0.0.1",))
async def test_a_trusted_proxy_that_says_nothing_or_nonsense_leaves_the_connections_own_facts(house: House) -> None:
    seen = await seen_by_app(house, "X-Forwarded-Proto: gopher\r\n")
    assert seen.get("x-forwarded-for") == "127.0.0.1"
    assert seen.get("x-forwarded-proto") == "http"
    assert seen.get("x-forwarded-port") == str(house.port)


@limited(trusted_proxies=("10.0.0.0/8",))
async def test_another_peer_than_the_trusted_proxy_is_not_believed(house: House) -> None:
    assert (await seen_by_app(house, "X-Forwarded-For: 9.9.9.9\r\n")).get("x-forwarded-for") == "127.0.0.1"


@pytest.mark.parametrize(
    ("connection", "kept"),
    [
        (b"keep-alive", [b"A", b"B"]),
        (b"close, a", [b"B"]),
        (b" A ,\tb", []),
        (b"c", [b"A", b"B"]),
        (b",,", [b"A", b"B"]),
    ],
)
def test_fields_that_connection_names_are_taken_out(connection: bytes, kept: list[bytes]) -> None:
    fields = [b"A", b": ", b"1", b"\r\n", b"B", b": ", b"2", b"\r\n"]
    assert headers.without(fields, connection)[::4] == kept


def test_an_unknown_status_has_a_line_too() -> None:
    assert headers.status_line(200) == b"HTTP/1.1 200 OK\r\n"
    assert headers.status_line(799) == b"HTTP/1.1 799 \r\n"
