"""From a parsed request head to an `Exchange`, or a refusal: what may be understood in two ways goes no further."""

from typing import TYPE_CHECKING

from devgem.gateway import headers, hosts
from devgem.gateway.exchange import Exchange
from devgem.gateway.refused import Refused

if TYPE_CHECKING:
    from devgem.gateway.client import Client

_NEVER = frozenset({b"CONNECT", b"TRACE"})


def read_head(
    client: "Client", method: bytes, version: str, target: bytes, fields: list[bytes], held: dict[bytes, bytes]
) -> Exchange:
    """`held` are the fields of `headers.REQUEST_HELD`, repeated ones joined by commas: so two Host fields make no
    valid host and two Transfer-Encodings no known coding."""
    if version != "1.1" and version != "1.0":
        raise Refused(505, f"HTTP/{version} is not spoken here; HTTP/1.1 is.")
    if method in _NEVER:
        raise Refused(405, f"The method {method.decode()} is not allowed here.")
    if len(target) > client.door.limits.url_bytes:
        raise Refused(414, "The address is too long.")
    host = held.get(b"host")
    if host is None:
        raise Refused(400, "The request has no Host header.")
    if not target.startswith(b"/"):
        target = _path(client, method, target, host)
    if b"#" in target:
        raise Refused(400, "The request target is not a path.")
    exchange = Exchange(client, method, target, fields)
    exchange.host = host
    exchange.app = client.door.app(host)
    exchange.http11 = version == "1.1"
    exchange.keep_alive = exchange.http11 and not client.door.closing
    if len(held) > 1:
        _read_held(exchange, held)
    exchange.forwarded = client.forwarded(host, held)
    return exchange


def _path(client: "Client", method: bytes, target: bytes, host: bytes) -> bytes:
    """The origin-form of a target that is no path (RFC 9112 section 3.2)."""
    if target == b"*" and method == b"OPTIONS":
        return target
    authority, path = hosts.split_absolute(target)
    if hosts.host_name(authority) != hosts.host_name(host):
        raise Refused(400, "The request target and the Host header name different hosts.")
    return path


def _read_held(exchange: Exchange, held: dict[bytes, bytes]) -> None:
    connection = held.get(b"connection")
    if connection is not None:
        if connection.lower() != b"keep-alive" and b"close" in headers.tokens(connection):
            exchange.keep_alive = False
        exchange.fields = headers.without(exchange.fields, connection)
    coding = held.get(b"transfer-encoding")
    length = held.get(b"content-length")
    if coding is not None:
        if coding.lower() != b"chunked" or length is not None or not exchange.http11:
            raise Refused(400, "The Transfer-Encoding of the request is not the one that HTTP/1.1 has: chunked.")
        exchange.chunked = True
        exchange.framing = b"Transfer-Encoding: chunked\r\n"
    elif length is not None:
        exchange.framing = b"Content-Length: %d\r\n" % int(length)
    if b"expect" in held and exchange.http11:
        if held[b"expect"].lower() != b"100-continue":
            raise Refused(417, "The only expectation that can be met is 100-continue.")
        exchange.expects = bool(exchange.framing)
    if connection is not None and held.get(b"upgrade", b"").lower() == b"websocket":
        _read_upgrade(exchange, headers.tokens(connection))


def _read_upgrade(exchange: Exchange, connection: set[bytes]) -> None:
    """Any other protocol than WebSocket (h2c above all) is not asked for upstream: the request is an ordinary one."""
    if b"upgrade" not in connection or not exchange.http11 or exchange.method != b"GET":
        return
    if exchange.framing:
        raise Refused(400, "A WebSocket cannot begin with a request body.")
    exchange.upgrade = True
