"""The page that lists the MCP clients which the operator has let in, and ends what they were granted."""

from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from devgem.store import Grant
from devgem.web.mcp import pages
from devgem.web.mcp.caller import SCOPES, plain_name
from devgem.web.mcp.oauth import Provider
from devgem.web.parts import Parts

_ABOUT = "clients"


class Clients:
    def __init__(self, parts: Parts, provider: Provider) -> None:
        self._parts = parts
        self._provider = provider

    async def answer(self, request: Request) -> Response:
        identity = await pages.operator(request, self._parts)
        if isinstance(identity, Response):
            return identity
        async with self._parts.store.read() as transaction:
            grants = await transaction.grants.in_force(identity.user, now=datetime.now(UTC))
        if request.method == "GET":
            return await self._page(grants, pages.seal(request, _ABOUT))
        form = await request.form()
        if not pages.own_form(request, self._parts) or not pages.is_sealed(request, _ABOUT, str(form.get("seal", ""))):
            return pages.too_old()
        if form.get("grant") in {grant.id for grant in grants}:
            async with self._parts.store.write() as transaction:
                await transaction.grants.revoke(str(form["grant"]))
        return RedirectResponse("/mcp/clients", 303)

    async def _page(self, grants: list[Grant], seal: str) -> Response:
        if not grants:
            return pages.Page("MCP clients", ["<p>No client is let in.</p>"])
        return pages.Page("MCP clients", [await self._entry(grant, seal) for grant in grants])

    async def _entry(self, grant: Grant, seal: str) -> str:
        client = await self._provider.get_client(grant.client)
        name = plain_name((client.client_name if client else None) or "")
        may = "; ".join(SCOPES[scope] for scope in grant.scopes if scope in SCOPES)
        return (
            f'<form method="post"><h2>{escape(name)}</h2><p>It may {escape(may)}.</p>'
            f"{pages.hidden('seal', seal)}{pages.hidden('grant', grant.id)}<button>Shut it out</button></form>"
        )
