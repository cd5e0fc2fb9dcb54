"""Conversations: opened, listed, and written to; what happens in one is in its stream."""

from fastapi import APIRouter

from devgem.web.parts import SignedIn
from devgem.web.schemas import ConversationView, MessageBody, MessageView, Page

router = APIRouter(prefix="/api/v1/conversations")


@router.post("", status_code=201)
async def open_conversation(parts: SignedIn) -> ConversationView:
    return ConversationView(**vars(await parts.conversations.open()))


@router.get("")
async def list_conversations(parts: SignedIn) -> Page[ConversationView]:
    """The newest 50."""
    async with parts.store.read() as transaction:
        return Page(items=[ConversationView(**vars(found)) for found in await transaction.conversations.page()])


@router.get("/{conversation}")
async def get_conversation(conversation: str, parts: SignedIn) -> ConversationView:
    async with parts.store.read() as transaction:
        return ConversationView(**vars(await transaction.conversations.get(conversation)))


@router.post("/{conversation}/messages", status_code=202)
async def send_message(conversation: str, body: MessageBody, parts: SignedIn) -> MessageView:
    """Takes a message; the answer comes in the stream `conversation:<id>`."""
    return MessageView(message=await parts.conversations.say(conversation, body.text, client_id=body.client_id))
