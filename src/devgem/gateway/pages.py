"""The gateway's own answers: small error pages that say which app and what happened."""

import html
from http import HTTPStatus

from devgem.gateway.headers import status_line

_HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem}}
h1{{font-size:1.25rem}}@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}}}</style>
<h1>{title}</h1>
<p>{detail}</p>
</html>
"""


def page(
    status: int,
    detail: str,
    *,
    as_html: bool = False,
    body: bool = True,
    close: bool = False,
    date: bytes,
    extra: bytes = b"",
) -> bytes:
    """A whole response. `extra` are further header lines; `body` is False in answer to HEAD."""
    title = f"{status} {HTTPStatus(status).phrase}"
    if as_html:
        text, kind = _HTML.format(title=title, detail=html.escape(detail)), b"text/html"
    else:
        text, kind = f"{title}\n{detail}\n", b"text/plain"
    content = text.encode()
    head = b"%sDate: %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\nCache-Control: no-store\r\n" % (
        status_line(status),
        date,
        kind,
        len(content),
    )
    head += b"X-Content-Type-Options: nosniff\r\n" + extra + (b"Connection: close\r\n\r\n" if close else b"\r\n")
    return head + content if body else head
