"""Requests and responses that two parsers might understand differently, with the answer each must get.

Sources: RFC 9112 section 11.2; PortSwigger's request smuggling research; the advisories for Node's llhttp
(CVE-2022-32213..5, CVE-2022-35256, CVE-2023-30589, CVE-2024-22019, CVE-2025-23167), Go (CVE-2025-22871: bare LF in a
chunk), aiohttp, gunicorn (CVE-2024-1135) and nginx.
"""

from typing import Final

_HOST: Final = "Host: a.localhost\r\n"
_CHUNKED: Final = "Transfer-Encoding: chunked\r\n"
_INNER: Final = "GET /smuggled HTTP/1.1\r\nHost: a.localhost\r\n\r\n"


def _post(fields: str, body: str = "", *, start: str = "POST / HTTP/1.1") -> str:
    return f"{start}\r\n{_HOST}{fields}\r\n{body}"


def _target(target: str, method: str = "GET") -> str:
    return f"{method} {target} HTTP/1.1\r\n{_HOST}\r\n"


def _host(*values: str) -> str:
    return "GET / HTTP/1.1\r\n" + "".join(f"Host:{value}\r\n" for value in values) + "\r\n"


def _chunk(body: str) -> str:
    return _post(_CHUNKED, body)


REFUSED: Final[dict[str, tuple[int, str]]] = {
    # Two lengths
    "CL.TE": (400, _post(f"Content-Length: 6\r\n{_CHUNKED}", f"0\r\n\r\n{_INNER}")),
    "TE.CL": (400, _post(f"{_CHUNKED}Content-Length: 4\r\n", f"5c\r\n{_INNER}\r\n0\r\n\r\n")),
    "CL.TE with CL 0": (400, _post(f"Content-Length: 0\r\n{_CHUNKED}", f"0\r\n\r\n{_INNER}")),
    "two lengths that differ": (400, _post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
    "two lengths that agree": (400, _post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
    "two lengths in other case": (400, _post("Content-Length: 5\r\ncontent-length: 0\r\n", "hello")),
    "a list of lengths": (400, _post("Content-Length: 5, 5\r\n", "hello")),
    "a list of two lengths": (400, _post("Content-Length: 5, 0\r\n", "hello")),
    # Lengths that are no number
    "plus length": (400, _post("Content-Length: +5\r\n", "hello")),
    "minus length": (400, _post("Content-Length: -5\r\n", "hello")),
    "hexadecimal length": (400, _post("Content-Length: 0x5\r\n", "hello")),
    "empty length": (400, _post("Content-Length:\r\n", "hello")),
    "length with a space in it": (400, _post("Content-Length: 1 0\r\n", "hello12345")),
    "length with an underscore": (400, _post("Content-Length: 1_0\r\n", "hello12345")),
    "fractional length": (400, _post("Content-Length: 5.0\r\n", "hello")),
    "length beyond 64 bits": (400, _post("Content-Length: 18446744073709551621\r\n", "hello")),
    "quoted length": (400, _post('Content-Length: "5"\r\n', "hello")),
    # Codings that are not chunked
    "unknown coding": (400, _post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
    "identity": (400, _post("Transfer-Encoding: identity\r\n", _INNER)),
    "gzip, chunked": (400, _post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
    "chunked, identity": (400, _post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
    "chunked twice": (400, _post(_CHUNKED + _CHUNKED, "0\r\n\r\n")),
    "chunked, chunked": (400, _post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
    "chunked then another line": (400, _post(f"{_CHUNKED}Transfer-Encoding: x\r\n", "0\r\n\r\n")),
    "another line then chunked": (400, _post(f"Transfer-Encoding: x\r\n{_CHUNKED}", "0\r\n\r\n")),
    "quoted chunked": (400, _post('Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n")),
    "chunked with a parameter": (400, _post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n")),
    "chunked after a vertical tab": (400, _post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")),
    "chunked before NUL": (400, _post("Transfer-Encoding: chunked\0\r\n", "0\r\n\r\n")),
    "chunked with a letter not ASCII": (400, _post("Transfer-Encoding: chun\u212aed\r\n", "0\r\n\r\n")),
    "empty coding": (400, _post("Transfer-Encoding:\r\n", "0\r\n\r\n")),
    "chunked in HTTP/1.0": (400, _post(_CHUNKED, "0\r\n\r\n", start="POST / HTTP/1.0")),
    # Names and lines
    "space before the colon": (400, _post("Content-Length : 5\r\n", "hello")),
    "tab before the colon": (400, _post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")),
    "space in a name": (400, _post("Transfer Encoding: chunked\r\n", "0\r\n\r\n")),
    "empty name": (400, _post(": x\r\n")),
    "no colon": (400, _post("Content-Length\r\n")),
    "NUL in a name": (400, _post("Transfer-Encoding\0: chunked\r\n")),
    "a name that is not ASCII": (400, _post("X-\u00e9: 1\r\n")),
    "brackets in a name": (400, _post("X[]: 1\r\n")),
    "NUL in a value": (400, _post("X: a\0b\r\n")),
    "a control character in a value": (400, _post("X: a\x01b\r\n")),
    "folded line": (400, _post("X: a\r\n b\r\n")),
    "folded Transfer-Encoding": (400, _post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
    "folded by a tab": (400, _post("X: a\r\n\tContent-Length: 5\r\n")),
    "first line folded": (400, f"GET / HTTP/1.1\r\n {_HOST}\r\n"),
    "bare LF after the start": (400, f"GET / HTTP/1.1\n{_HOST}\r\n"),
    "bare LF after a field": (400, _post("X: a\nContent-Length: 5\r\n", "hello")),
    "bare LF at the end": (400, f"GET / HTTP/1.1\r\n{_HOST}\n"),
    "bare LF throughout": (400, "GET / HTTP/1.1\nHost: a.localhost\n\n"),
    "bare CR in a value": (400, _post("X: a\rContent-Length: 5\r\n", "hello")),
    "bare CR as line end": (400, "GET / HTTP/1.1\rHost: a.localhost\r\r"),
    "CR CR LF": (400, f"GET / HTTP/1.1\r\r\n{_HOST}\r\n"),
    # Chunks
    "chunk size by bare LF": (400, _chunk("5\nhello\r\n0\r\n\r\n")),
    "chunk size by bare CR": (400, _chunk("5\rhello\r\n0\r\n\r\n")),
    "chunk end by bare LF": (400, _chunk("5\r\nhello\n0\r\n\r\n")),
    "chunk extension with bare LF": (400, _chunk(f"5;a\nhello\r\n0\r\n\r\n{_INNER}")),
    "chunk extension with bare CR": (400, _chunk("5;a\rb\r\nhello\r\n0\r\n\r\n")),
    "chunk longer than its size": (400, _chunk("3\r\nhello\r\n0\r\n\r\n")),
    "chunk size with 0x": (400, _chunk("0x5\r\nhello\r\n0\r\n\r\n")),
    "chunk size with a sign": (400, _chunk("+5\r\nhello\r\n0\r\n\r\n")),
    "negative chunk size": (400, _chunk("-5\r\nhello\r\n0\r\n\r\n")),
    "chunk size with a space": (400, _chunk("5 \r\nhello\r\n0\r\n\r\n")),
    "chunk size with a space before": (400, _chunk(" 5\r\nhello\r\n0\r\n\r\n")),
    "chunk size with an underscore": (400, _chunk("0_5\r\nhello\r\n0\r\n\r\n")),
    "empty chunk size": (400, _chunk("\r\nhello\r\n0\r\n\r\n")),
    "chunk size beyond 64 bits": (400, _chunk("10000000000000005\r\nhello\r\n0\r\n\r\n")),
    "last chunk ended by bare LF": (400, _chunk("5\r\nhello\r\n0\r\n\n")),
    "trailer folded": (400, _chunk("0\r\nX: a\r\n b\r\n\r\n")),
    "trailer that names a length": (400, _chunk(f"0\r\nContent-Length: {len(_INNER)}\r\n\r\n{_INNER}")),
    "trailer without colon": (400, _chunk("0\r\nX\r\n\r\n")),
    # The start line
    "HTTP/0.9": (505, "GET /\r\n\r\n"),
    "HTTP/0.9 by name": (505, _post("", start="GET / HTTP/0.9")),
    "HTTP/1.2": (400, _post("", start="GET / HTTP/1.2")),
    "HTTP/1.10": (400, _post("", start="GET / HTTP/1.10")),
    "HTTP/2.0": (505, _post("", start="GET / HTTP/2.0")),
    "HTTP/2 preface": (400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "lower-case protocol": (400, _post("", start="GET / http/1.1")),
    "another protocol": (400, _post("", start="GET / SIP/1.0")),
    "space after the version": (400, _post("", start="GET / HTTP/1.1 ")),
    "space before the method": (400, _post("", start=" GET / HTTP/1.1")),
    "tab for space": (400, _post("", start="GET\t/ HTTP/1.1")),
    "lower-case method": (400, _post("", start="get / HTTP/1.1")),
    "unknown method": (400, _post("", start="SMUGGLE / HTTP/1.1")),
    "space in the target": (400, _target("/a b")),
    "NUL in the target": (400, _target("/a\0b")),
    "a control character in the target": (400, _target("/a\x01b")),
    "a target that is not ASCII": (400, _target("/\u00e9")),
    "fragment": (400, _target("/a#b")),
    "relative target": (400, _target("a/b")),
    "target of another scheme": (400, _target("ftp://a.localhost/")),
    "asterisk for GET": (400, _target("*")),
    "CONNECT": (405, _target("a.localhost:80", "CONNECT")),
    "TRACE": (405, _target("/", "TRACE")),
    "target of another host": (400, _target("http://b.localhost/")),
    "target with user information": (400, _target("http://a.localhost@b.localhost/")),
    "target with an empty host": (400, _target("http:///x")),
    # Host
    "no Host": (400, "GET / HTTP/1.1\r\n\r\n"),
    "no Host in HTTP/1.0": (400, "GET / HTTP/1.0\r\n\r\n"),
    "empty Host": (400, _host("")),
    "two Hosts": (400, _host("a.localhost", "b.localhost")),
    "the same Host twice": (400, _host("a.localhost", "a.localhost")),
    "a list of Hosts": (400, _host("a.localhost, b.localhost")),
    "Host with a path": (400, _host("a.localhost/x?y")),
    "Host with user information": (400, _host("x@a.localhost")),
    "Host with a space": (400, _host("a.localhost b")),
    "Host with a port that is none": (400, _host("a.localhost:8o")),
    "Host with a port too large": (400, _host("a.localhost:65536")),
    "Host with two ports": (400, _host("a.localhost:80:80")),
    "Host with an empty label": (400, _host("a..localhost")),
    "Host that begins with a dot": (400, _host(".a.localhost")),
    "Host that is not ASCII": (400, _host("\u00e4.localhost")),
    "Host with a backslash": (400, _host("a.localhost\\x")),
    "Host with percent": (400, _host("a%2elocalhost")),
    # Others
    "an expectation that is not known": (417, _post("Expect: 200-ok\r\nContent-Length: 1\r\n", "x")),
    "WebSocket with a body": (400, _post(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 48\r\n", _INNER, start="GET / HTTP/1.1"
    )),
}  # fmt: skip

PASSED: Final[dict[str, tuple[str, list[str], bytes]]] = {
    # What may be taken: the requests that the app must see, and their bodies together.
    "empty lines before": (f"\r\n\r\n{_target('/')}", ["/"], b""),
    "a body that looks like a request": (_post(f"Content-Length: {len(_INNER)}\r\n", _INNER), ["/"], _INNER.encode()),
    "GET with a body": (_post("Content-Length: 5\r\n", "hello", start="GET / HTTP/1.1"), ["/"], b"hello"),
    "length with zeros before": (_post("Content-Length: 005\r\n", "hello"), ["/"], b"hello"),
    "length with spaces after": (_post("Content-Length: 5  \r\n", "hello"), ["/"], b"hello"),
    "chunked in capitals": (_post("TRANSFER-ENCODING:\tCHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"), ["/"], b"hello"),
    "chunk sizes with zeros before": (_chunk("00005\r\nhello\r\n000\r\n\r\n"), ["/"], b"hello"),
    "chunk extensions": (_chunk('5;a="b;c";d\r\nhello\r\n0;e\r\n\r\n'), ["/"], b"hello"),
    "a trailer that names a host": (_chunk("0\r\nHost: b.localhost\r\n\r\n") + _target("/2"), ["/", "/2"], b""),
    "h2c without a body": (
        _post("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")
        + _target("/2"),
        ["/", "/2"],
        b"",
    ),
    "h2c with a body that looks like a request": (
        _post(f"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: {len(_INNER)}\r\n", _INNER) + _target("/2"),
        ["/", "/2"],
        _INNER.encode(),
    ),
    "h2c with a chunked body": (
        _post(f"Connection: Upgrade\r\nUpgrade: h2c\r\n{_CHUNKED}", "5\r\nhello\r\n0\r\n\r\n") + _target("/2"),
        ["/", "/2"],
        b"hello",
    ),
    "WebSocket by POST with a body": (
        _post(f"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: {len(_INNER)}\r\n", _INNER),
        ["/"],
        _INNER.encode(),
    ),
    "Upgrade that Connection does not name": (
        _post("Upgrade: websocket\r\nContent-Length: 5\r\n", "hello") + _target("/2"),
        ["/", "/2"],
        b"hello",
    ),
    "a length in a field that Connection names": (
        _post(f"Connection: Content-Length\r\nContent-Length: {len(_INNER)}\r\n", _INNER),
        ["/"],
        _INNER.encode(),
    ),
    "a request behind the last one": (_post("Connection: close\r\n") + _INNER, ["/"], b""),
}  # fmt: skip

_OK: Final = "HTTP/1.1 200 OK\r\n"
_SECOND: Final = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

BAD_RESPONSES: Final[dict[str, str]] = {
    "CL and TE": f"{_OK}Content-Length: 3\r\n{_CHUNKED}\r\n0\r\n\r\n{_SECOND}",
    "TE and CL": f"{_OK}{_CHUNKED}Content-Length: 3\r\n\r\n0\r\n\r\n{_SECOND}",
    "two lengths that differ": f"{_OK}Content-Length: 3\r\nContent-Length: 5\r\n\r\nhello",
    "two lengths that agree": f"{_OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "negative length": f"{_OK}Content-Length: -1\r\n\r\nhello",
    "a length that is no number": f"{_OK}Content-Length: five\r\n\r\nhello",
    "unknown coding": f"{_OK}Transfer-Encoding: gzip\r\n\r\nhello",
    "gzip, chunked": f"{_OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": f"{_OK}{_CHUNKED}{_CHUNKED}\r\n0\r\n\r\n",
    "bad chunk size": f"{_OK}{_CHUNKED}\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "bare LF": "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "bare LF in a field": f"{_OK}X: a\nSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello",
    "bare CR in a field": f"{_OK}X: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello",
    "folded line": f"{_OK}X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
    "NUL in a field": f"{_OK}X: a\0b\r\nContent-Length: 5\r\n\r\nhello",
    "space before the colon": f"{_OK}Content-Length : 5\r\n\r\nhello",
    "no HTTP": "hello",
    "no status": "HTTP/1.1\r\n\r\n",
    "status of two digits": "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status zero": "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "switch not asked for": "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx",
    "switch without a protocol": "HTTP/1.1 101 Switching Protocols\r\n\r\nx",
    "endless head": f"{_OK}X: {'a' * 600_000}",
}  # fmt: skip

POISONED: Final[dict[str, tuple[str, str]]] = {
    # A good answer with something behind it: the answer is passed on, the rest must reach nobody.
    "second response": ("GET", f"{_OK}Content-Length: 2\r\n\r\nok{_SECOND}"),
    "second response after chunks": ("GET", f"{_OK}{_CHUNKED}\r\n2\r\nok\r\n0\r\n\r\n{_SECOND}"),
    "half of a second response": ("GET", f"{_OK}Content-Length: 2\r\n\r\nokHTTP/1.1 2"),
    "garbage": ("GET", f"{_OK}Content-Length: 2\r\n\r\nok\0\0\0"),
    "body after 204": ("GET", f"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\npoison{_SECOND}"),
    "body after 304": ("GET", f"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison{_SECOND}"),
    "body after HEAD": ("HEAD", f"{_OK}Content-Length: 6\r\n\r\npoison"),
    "second response after HEAD": ("HEAD", f"{_OK}Content-Length: {len(_SECOND)}\r\n\r\n{_SECOND}"),
    "chunks after HEAD": ("HEAD", f"{_OK}{_CHUNKED}\r\n6\r\npoison\r\n0\r\n\r\n"),
}  # fmt: skip
