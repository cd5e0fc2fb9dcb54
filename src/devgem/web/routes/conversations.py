"""Conversations: opened, listed, and written to; what happens in one is in its stream."""

from typing import Annotated

from fastapi import APIRouter, Query

from devgem.store import Approval, Conversation
from devgem.web.parts import SignedIn, Who
from devgem.web.schemas import (
    ApprovalAnswered,
    ApprovalBody,
    ApprovalView,
    ConversationPatch,
    ConversationView,
    EditAnswered,
    EditBody,
    EditPage,
    FieldView,
    MessageBody,
    MessageView,
    Page,
)

router = APIRouter(prefix="/api/v1/conversations")


@router.post("", status_code=201)
async def open_conversation(parts: SignedIn, who: Who) -> ConversationView:
    return _view(await parts.conversations.open(who.user))


@router.get("")
async def list_conversations(
    parts: SignedIn,
    who: Who,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page[ConversationView]:
    """The sender's: the pinned ones first, then those in which something was said last. `q` is looked for in titles
    and in what the user said."""
    async with parts.store.read(owner=who.user) as transaction:
        found = await transaction.conversations.page(text=q.strip(), after=cursor, limit=limit)
    return Page(items=[_view(one) for one in found], next_cursor=found[-1].id if len(found) == limit else None)


@router.patch("/{conversation}")
async def change_conversation(
    conversation: str, body: ConversationPatch, parts: SignedIn, who: Who
) -> ConversationView:
    """Gives a conversation another title, or pins it above the others."""
    title = body.title and " ".join(body.title.split())
    async with parts.store.write(owner=who.user) as transaction:
        if title:
            await transaction.conversations.rename(conversation, title)
        if body.pinned is not None:
            await transaction.conversations.pin(conversation, body.pinned)
        return _view(await transaction.conversations.get(conversation))


@router.get("/{conversation}")
async def get_conversation(conversation: str, parts: SignedIn) -> ConversationView:
    async with parts.store.read() as transaction:
        return _view(await transaction.conversations.get(conversation))


@router.post("/{conversation}/messages", status_code=202)
async def send_message(conversation: str, body: MessageBody, parts: SignedIn, who: Who) -> MessageView:
    """Takes a message; the answer comes in the stream `conversation:<id>`."""
    message = await parts.conversations.say(
        conversation, body.text, client_id=body.client_id, replaces=body.replaces, user=who.user
    )
    return MessageView(message=message)


@router.post("/{conversation}/stop", status_code=202)
async def stop(conversation: str, parts: SignedIn, who: Who) -> ConversationView:
    """Ends the turn that runs; what it has started outside, such as a deployment, goes on."""
    await parts.conversations.stop(conversation, user=who.user)
    return await get_conversation(conversation, parts)


@router.get("/{conversation}/approvals")
async def list_approvals(conversation: str, parts: SignedIn) -> Page[ApprovalView]:
    """The tool calls that wait for the user's consent."""
    pending = await parts.conversations.pending(conversation)
    return Page(items=[_approval_view(approval) for approval in pending])


@router.post("/{conversation}/approvals/{approval}")
async def answer_approval(
    conversation: str, approval: str, body: ApprovalBody, parts: SignedIn, who: Who
) -> ApprovalAnswered:
    """Grants or denies exactly the arguments of `digest`; 409 when it was answered before, or the digest differs."""
    await parts.conversations.answer(
        conversation,
        approval,
        granted=body.granted,
        digest=body.digest,
        typed_name=body.typed_name,
        values=body.values,
        by=who.user,
    )
    return ApprovalAnswered(approval=approval, granted=body.granted)


@router.get("/{conversation}/edits/{edit}")
async def get_edit(
    conversation: str, edit: str, parts: SignedIn, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> EditPage:
    """A part of a proposed diff: its hunks after the first `after`, whole. A diff whose event has a `rest` can be
    accepted by its hunks alone, which are named here."""
    page = await parts.conversations.rest_of(conversation, edit, after)
    return EditPage.model_validate(vars(page))


@router.post("/{conversation}/edits/{edit}")
async def answer_edit(conversation: str, edit: str, body: EditBody, parts: SignedIn) -> EditAnswered:
    """Accepts an edit that was proposed, whole or in part, or discards it."""
    await parts.conversations.edit(conversation, edit, accept=body.action == "accept", hunks=body.hunks)
    return EditAnswered(edit=edit, action=body.action)


def _view(found: Conversation) -> ConversationView:
    return ConversationView(
        id=found.id,
        title=found.title,
        created_at=found.created_at,
        updated_at=found.updated_at or found.created_at,
        pinned=found.pinned,
    )


def _approval_view(approval: Approval) -> ApprovalView:
    return ApprovalView(
        approval=approval.id,
        call=approval.call,
        tool=approval.tool,
        arguments=dict(approval.arguments),
        digest=approval.digest,
        tier=approval.tier,
        title=approval.title,
        why=approval.why,
        typed_name=approval.typed_name,
        fields=[FieldView(name=field.name, secret=field.secret) for field in approval.fields],
        turn=approval.turn,
    )
