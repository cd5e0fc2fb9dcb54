"""The same streams over server-sent events and over the WebSocket."""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, WebSocket
from starlette.responses import StreamingResponse

from devgem.domain.errors import NotSignedIn
from devgem.web import socket
from devgem.web.parts import Parts, SignedIn, Who, parts_of
from devgem.web.sender import Sender
from devgem.web.sign_in import Identity

router = APIRouter()

_COMMENT_SECONDS = 15.0


@router.get("/api/v1/streams/{stream}", response_class=StreamingResponse)
async def stream_events(
    stream: str,
    parts: SignedIn,
    who: Who,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """The events of a stream with seq > `after` (or Last-Event-ID), for ever."""
    await parts.streams.check(stream, who.user)
    body = _server_sent(parts, who, stream, after if last_event_id is None else last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "DevGem-Epoch": parts.streams.epoch}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def _server_sent(parts: Parts, who: Identity, stream: str, after: int) -> AsyncIterator[str]:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html; a comment now and then keeps proxies awake."""
    batches = parts.streams.follow(stream, after, who.user)
    waiting = asyncio.ensure_future(anext(batches))
    ended = asyncio.ensure_future(parts.sign_in.ended(who))
    try:
        yield ": hello\n\n"
        while not parts.is_draining() and not ended.done():
            done, _ = await asyncio.wait([waiting, ended], timeout=_COMMENT_SECONDS, return_when=FIRST_COMPLETED)
            if waiting not in done:
                yield ": still here\n\n"
                continue
            batch = waiting.result()
            waiting = asyncio.ensure_future(anext(batches))
            yield "".join(
                f"id: {event.seq}\nevent: {event.type}\n"
                f'data: {{"seq":{event.seq},"type":"{event.type}","at":"{event.at.isoformat()}","data":{data}}}\n\n'
                for event, data in zip(batch.events, batch.data, strict=True)
            )
    finally:
        waiting.cancel()
        ended.cancel()
        await asyncio.gather(waiting, ended, return_exceptions=True)
        await batches.aclose()


@router.websocket("/ws")
async def web_socket(websocket: WebSocket) -> None:
    parts = parts_of(websocket)
    try:
        identity = await parts.sign_in.require(websocket)
    except NotSignedIn as error:
        # The handshake must be accepted for the close code to reach a browser.
        await websocket.accept(socket.SUBPROTOCOL if socket.SUBPROTOCOL in websocket.scope["subprotocols"] else None)
        await websocket.close(4401, error.message)
        return
    await parts.sockets.serve(websocket, Sender(identity, parts.sign_in, parts.conversations))
