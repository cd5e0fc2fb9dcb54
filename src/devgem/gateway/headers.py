"""Which header fields end at the gateway, and how a message head is written.

Fields are kept as one flat list, [name, b": ", value, b"\\r\\n", ...], so that a head is a single join.
Rules: RFC 9110 section 7.6.1 (hop-by-hop fields), RFC 9112 section 6 (framing).
"""

from http import HTTPStatus

COLON = b": "
CRLF = b"\r\n"

_HOP_BY_HOP = (
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
)

FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port")

# What a client could only send to be believed by mistake. `Proxy` becomes HTTP_PROXY in CGI programs (httpoxy.org).
_SPOOFED = (
    *FORWARDED,
    b"forwarded",
    b"x-forwarded-prefix",
    b"x-forwarded-scheme",
    b"x-forwarded-server",
    b"x-forwarded-ssl",
    b"x-real-ip",
    b"proxy",
)

REQUEST_HELD = frozenset(
    {*_HOP_BY_HOP, *_SPOOFED, b"host", b"content-length", b"expect", b"http2-settings", b"proxy-authorization"}
)
"""Request fields (in lower case) that are not passed on as they come."""

RESPONSE_HELD = frozenset({*_HOP_BY_HOP, b"content-length", b"proxy-authenticate"})
"""Response fields (in lower case) that are not passed on as they come."""

_NAMES_NONE = frozenset({b"keep-alive", b"close", b"upgrade", b"keep-alive, upgrade"})

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def status_line(status: int) -> bytes:
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def disguised(name: bytes) -> bool:
    """Whether a WSGI or CGI program would take this lower-case name for a held one: both spell `x_real_ip` and
    `x-real-ip` as HTTP_X_REAL_IP."""
    return name.replace(b"_", b"-") in REQUEST_HELD


def tokens(value: bytes) -> set[bytes]:
    """The elements of a comma-separated field, in lower case."""
    return {token.strip(b" \t").lower() for token in value.split(b",")}


def without(fields: list[bytes], connection: bytes) -> list[bytes]:
    """`fields` without those that the value of a Connection field names."""
    if connection.lower() in _NAMES_NONE:
        return fields
    named = tokens(connection) - {b"close", b"keep-alive", b"upgrade"}
    if not named:
        return fields
    kept: list[bytes] = []
    for at in range(0, len(fields), 4):
        if fields[at].lower() not in named:
            kept += fields[at : at + 4]
    return kept


def by_name(fields: list[bytes]) -> dict[bytes, bytes]:
    """The values by lower-case names; those of a repeated field are joined by commas."""
    values: dict[bytes, bytes] = {}
    for at in range(0, len(fields), 4):
        name = fields[at].lower()
        values[name] = values[name] + b", " + fields[at + 2] if name in values else fields[at + 2]
    return values


def forwarded(peer: bytes, port: bytes, proto: bytes = b"http") -> bytes:
    """What the app is told about the connection; the host that was asked for follows it."""
    return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Port: %b\r\nX-Forwarded-Host: " % (
        peer,
        proto,
        port,
    )


def forwarded_by_proxy(peer: bytes, port: bytes, host: bytes, held: dict[bytes, bytes]) -> bytes:
    """The same from a proxy that is believed: `peer` is added to its list, what it leaves out is filled in."""
    before = held.get(b"x-forwarded-for")
    proto = held.get(b"x-forwarded-proto", b"").lower()
    told = forwarded(
        before + b", " + peer if before else peer,
        held.get(b"x-forwarded-port") or (b"443" if proto == b"https" else port),
        proto if proto in (b"http", b"https") else b"http",
    )
    return told + (held.get(b"x-forwarded-host") or host) + CRLF
