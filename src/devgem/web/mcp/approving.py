"""The page on which the operator approves or denies one call of an MCP client, with its exact arguments."""

import json
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from devgem.domain.errors import DevGemError, NotFound
from devgem.store import Approval
from devgem.store.approvals import ApprovalStatus
from devgem.web.mcp import pages
from devgem.web.parts import Parts

_VALUE = "value:"


class Approving:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, request: Request) -> Response:
        identity = await pages.operator(request, self._parts)
        if isinstance(identity, Response):
            return identity
        conversation, id = request.path_params["conversation"], request.path_params["approval"]
        try:
            async with self._parts.store.read(owner=identity.user) as transaction:
                approval = await transaction.approvals.get(conversation, id)
        except NotFound:
            return pages.Page("There is no such approval", [], status=404)
        about = f"approval {id} {approval.digest}"
        if request.method == "GET":
            return _page(approval, pages.seal(request, about))
        form = await request.form()
        if not pages.own_form(request, self._parts) or not pages.is_sealed(request, about, str(form.get("seal", ""))):
            return pages.too_old()
        granted = form.get("answer") == "yes"
        try:
            await self._parts.conversations.answer(
                conversation,
                id,
                granted=granted,
                digest=approval.digest,
                typed_name=str(form.get("typed_name", "")) if approval.typed_name is not None else None,
                values={f.name: str(form.get(_VALUE + f.name, "")) for f in approval.fields} if granted else None,
                by=identity.user,
            )
        except DevGemError as error:
            return _page(approval, pages.seal(request, about), f"{error.message}. {error.fix}".strip(), status=409)
        return pages.Page("Approved" if granted else "Denied", [f"<p>{escape(approval.title)}</p>"])


def _page(approval: Approval, seal: str, wrong: str = "", *, status: int = 200) -> Response:
    arguments = json.dumps(dict(approval.arguments), indent=2, ensure_ascii=True)
    body = [
        f'<p role="alert"><strong>{escape(wrong)}</strong></p>' if wrong else "",
        f"<p>An MCP client asks for this, and {escape(approval.why)}.</p>",
        f"<pre>{escape(approval.tool)} {escape(arguments)}</pre>",
    ]
    if approval.status is not ApprovalStatus.PENDING:
        return pages.Page(approval.title, [*body, f"<p>It was {escape(approval.status)}.</p>"], status=status)
    body.append('<form method="post" autocomplete="off">')
    body += [
        f"<label>Value of {escape(field.name)}"
        f'<input type="{"password" if field.secret else "text"}" name="{escape(_VALUE + field.name)}" '
        'autocomplete="new-password" required></label>'
        for field in approval.fields
    ]
    if approval.typed_name is not None:
        body.append(
            f"<label>Type <strong>{escape(approval.typed_name)}</strong> to approve it"
            '<input type="text" name="typed_name" required></label>'
        )
    body += [pages.hidden("seal", seal), pages.buttons("Approve", "Deny"), "</form>"]
    return pages.Page(approval.title, body, status=status)
