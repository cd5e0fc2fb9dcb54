"""GitHub's webhooks. Whoever knows the secret is GitHub: nothing is read of a body before its signature is checked."""

import asyncio
import json
import re

from fastapi import APIRouter, HTTPException, Request

from devgem.domain.errors import InvalidInput, NotFound, NotSignedIn
from devgem.source.hooks import Ignored, is_signed, read_event
from devgem.web.parts import Open
from devgem.web.push_schemas import WebhookTaken

router = APIRouter(prefix="/webhooks")

_BODY_LIMIT = 10 << 20
_ID = re.compile(r"[A-Za-z0-9-]{1,100}")


@router.post("/github", status_code=202)
async def github(request: Request, parts: Open) -> WebhookTaken:
    """Takes a webhook in, once; what comes of it happens afterwards. 404 where no secret is set, 401 for a signature
    that is not GitHub's."""
    if parts.webhook_secret is None:
        raise NotFound("webhooks are not taken here", fix="Set GITHUB_WEBHOOK_SECRET and restart DevGem.")
    body = await _body(request)
    signatures = request.headers.getlist("x-hub-signature-256")
    if len(signatures) != 1 or not is_signed(body, signatures[0], parts.webhook_secret):
        raise NotSignedIn(
            "this webhook is not signed with the secret that is set here",
            fix="Set the same secret at GitHub and in GITHUB_WEBHOOK_SECRET.",
            code="bad_signature",
        )
    id, name = request.headers.get("x-github-delivery", ""), request.headers.get("x-github-event", "")
    if not _ID.fullmatch(id):
        raise InvalidInput("the webhook has no delivery id", fix="Send the header X-GitHub-Delivery.")
    if name == "ping":
        return WebhookTaken(state="pong")
    event = read_event(name, await asyncio.to_thread(_payload, request, body) if name in _READ else None)
    if isinstance(event, Ignored):
        return WebhookTaken(state="ignored", why=event.why)
    is_new = await parts.pushes.receive(id, body, event)
    return WebhookTaken(state="taken") if is_new else WebhookTaken(state="known", why="it was taken before")


_READ = frozenset({"push", "pull_request"})


async def _body(request: Request) -> bytes:
    """At most 10 MiB are read, whatever the sender says of its length."""
    said = request.headers.get("content-length", "0")
    body = bytearray()
    if said.isascii() and said.isdigit() and int(said) <= _BODY_LIMIT:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_LIMIT:
                break
        else:
            return bytes(body)
    raise HTTPException(413, f"the webhook is over {_BODY_LIMIT >> 20} MiB")


def _payload(request: Request, body: bytes) -> object:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise InvalidInput("the webhook is no JSON", fix="Set the webhook's content type to application/json.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "the webhook is no JSON", fix="Set the webhook's content type to application/json."
        ) from error
