"""Plain pages on which the operator decides: no script, every word escaped, and forms that no other site can send."""

import hashlib
import hmac
from collections.abc import Iterable
from html import escape
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from devgem.domain.errors import NotSignedIn
from devgem.web.parts import Parts
from devgem.web.sign_in import COOKIE, SECURE_COOKIE, Identity

CSS = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
:root { color-scheme: light dark }
h1 { font-size: 1.4rem }
pre { padding: .75rem; border: 1px solid; border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere }
label { display: block; margin: .6rem 0 }
input[type=text], input[type=password] { display: block; width: 100%; font: inherit; padding: .4rem }
* { box-sizing: border-box }
button { font: inherit; padding: .5rem 1rem; margin: 1rem .6rem 0 0 }
"""

_SIGN_IN = (
    '<p><a href="{}">Sign in</a>, or open the link that <code>devgem open</code> prints in this browser; '
    "then come back and reload this page.</p>"
)


class Page(HTMLResponse):
    """`sends_to` is where its form ends up beside this server, such as a client's redirect URI."""

    def __init__(self, title: str, body: Iterable[str], *, status: int = 200, sends_to: str = "") -> None:
        content = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - DevGem</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/mcp/page.css"></head>'
            f"<body><main><h1>{escape(title)}</h1>{''.join(body)}</main></body></html>"
        )
        policy = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {_source(sends_to)}"
        )
        # Without a referrer a browser would send its forms with `Origin: null`.
        headers = {
            "Content-Security-Policy": policy.strip(),
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "X-Frame-Options": "DENY",
        }
        super().__init__(content, status, headers)


async def operator(request: Request, parts: Parts) -> Identity | Response:
    """Who is signed in with this browser; the page that asks for it otherwise."""
    try:
        identity = await parts.sign_in.require(request)
    except NotSignedIn:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Page("Sign in first", [_SIGN_IN.format(f"/signin?next={quote(here, safe='')}")], status=401)
    if identity.session is None or "authorization" in request.headers:
        return Page("Open this in a browser", ["<p>A person decides here, not a program.</p>"], status=403)
    return identity


def seal(request: Request, about: str) -> str:
    """What a form must carry: only a page shown in this very session, about this very thing, knows it."""
    session = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE, "")
    return hmac.new(session.encode(), about.encode(), hashlib.sha256).hexdigest()


def is_sealed(request: Request, about: str, given: str) -> bool:
    return hmac.compare_digest(seal(request, about).encode(), given.encode())


def own_form(request: Request, parts: Parts) -> bool:
    """Whether a form was sent from one of the dashboard's own pages."""
    return request.headers.get("origin") in parts.origins


def too_old() -> Response:
    return Page("This form is too old", ["<p>Reload the page before, and decide again.</p>"], status=403)


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def buttons(yes: str, no: str) -> str:
    return (
        f'<p><button name="answer" value="yes">{escape(yes)}</button>'
        f'<button name="answer" value="no" formnovalidate>{escape(no)}</button></p>'
    )


def _source(url: str) -> str:
    """A URL as a CSP source: its origin, or its scheme where that is an app's own."""
    parts = urlsplit(url)
    if not parts.scheme:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
