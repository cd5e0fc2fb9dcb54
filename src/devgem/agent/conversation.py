"""Conversations, as the rest of DevGem sees them: every message and answer is an event in a conversation's stream."""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from devgem.agent import approvals, closing, edits
from devgem.agent.approvals import Approval
from devgem.agent.begun import Begun, begin
from devgem.agent.brain import Choose, Spending
from devgem.agent.budget import Budget
from devgem.agent.calls import Calls
from devgem.agent.diffs import DiffPage
from devgem.agent.followers import Followers
from devgem.agent.masking import mask
from devgem.agent.parts import Parts
from devgem.agent.spending import Uncounted
from devgem.agent.tools import TOOLS, Tool
from devgem.agent.workers import Means, Workers, give_up_waiting
from devgem.domain.deployment import Deployment
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.domain.users import OPERATOR
from devgem.pipeline.intake import check_env
from devgem.store import Conversation, Fact, TurnStatus

_UNTITLED = "New conversation"
_TITLE_CHARACTERS = 60


class Conversations:
    """`is_shared`: other processes answer conversations of the same database too."""

    def __init__(
        self,
        parts: Parts,
        choose: Choose,
        *,
        spending: Spending | None = None,
        budget: Budget | None = None,
        tools: Mapping[str, Tool[Any]] = TOOLS,
        is_shared: bool = False,
    ) -> None:
        self._parts = parts
        self._store = parts.store
        self._followers = Followers(parts)
        self._calls = Calls(parts, tools, self._followers.follow)
        means = Means(parts, self._calls, tools, choose, spending or Uncounted(), budget or Budget(), _instructions())
        self._workers = Workers(means, is_shared=is_shared)
        self._warming: asyncio.Task[None] | None = None

    @property
    def parts(self) -> Parts:
        return self._parts

    @property
    def calls(self) -> Calls:
        """What performs tool calls: other callers than a model go through it too."""
        return self._calls

    async def start(self) -> None:
        """Takes up after a restart: what was being answered is closed honestly, what waits for an approval goes on
        waiting, what was not begun is answered now."""
        await self._workers.start()
        await self._followers.start()

    async def _warm(self) -> None:
        """Imports what an answer needs while the user still types the first message; who never talks need not hold it
        in memory."""
        await asyncio.to_thread(importlib.import_module, "devgem.agent.turn")

    async def close(self) -> None:
        """What is being answered is left as it is, for the next start."""
        await self._workers.close()
        await self._calls.close()
        await self._followers.close()
        if self._warming is not None:
            await self._warming

    async def open(self, owner: str = OPERATOR) -> Conversation:
        """A new conversation of this user."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._warm())
        conversation = Conversation(new_id("cnv"), _UNTITLED, datetime.now(UTC), owner)
        async with self._store.write() as transaction:
            await transaction.conversations.add(conversation)
        return conversation

    async def begin_with(
        self, deployment: Deployment, said: str, arguments: Mapping[str, Any], *, user: str
    ) -> Conversation:
        """A conversation about a deployment that the user has asked for elsewhere in DevGem, in the words of `said`."""
        conversation = Conversation(new_id("cnv"), said[:_TITLE_CHARACTERS], datetime.now(UTC), user)
        async with self._store.write() as transaction:
            await transaction.conversations.add(conversation)
            call = await begin(transaction, Begun(conversation.id, user, said, arguments), deployment)
        self._followers.follow(call)
        return conversation

    async def say(
        self,
        conversation: str,
        text: str,
        *,
        client_id: str | None = None,
        replaces: str | None = None,
        user: str = OPERATOR,
    ) -> str:
        """Takes a user's message, and returns its id at once; the answer comes in the conversation's stream. A message
        whose `client_id` was taken before is not taken again. `replaces` is the message that this one is an edited
        version of: it and all that came after it leave the history. Raises NotFound, also for a conversation of
        another user."""
        stream = f"conversation:{conversation}"
        key = f"message:{client_id}" if client_id else None
        async with self._store.read(owner=user) as transaction:
            await transaction.conversations.get(conversation)
            if key and (taken := await transaction.events.find(stream, key)):
                return str(taken.data["message"])
            replaced = await transaction.histories.of_message(conversation, replaces) if replaces else None
        if replaced is not None:
            await self._workers.halt(conversation, frm=replaced.number)
        masked = mask(text)
        message = new_id("msg")
        said = {
            "message": message,
            "role": "user",
            "text": masked.text,
            "deployment": None,
            "replaces": replaces,
            "client_id": client_id,
        }
        async with self._store.write() as transaction:
            known = await transaction.conversations.get(conversation)
            if not await transaction.events.append(stream, [Fact(EventType.MESSAGE_FINISHED, said, key)]):
                taken = await transaction.events.find(stream, key or "")
                assert taken is not None
                return str(taken.data["message"])
            await transaction.conversations.touch(conversation, now=datetime.now(UTC))
            await give_up_waiting(transaction, conversation, now=datetime.now(UTC))
            if replaced is not None:
                await transaction.histories.cut(conversation, frm=replaced.number)
            await transaction.histories.add(
                new_id("trn"), conversation, user=user, message=message, said=masked.text, secrets=masked.values
            )
            if known.title == _UNTITLED:
                await transaction.conversations.rename(conversation, " ".join(masked.text.split())[:_TITLE_CHARACTERS])
        if replaced is not None:
            self._workers.cancel(conversation, frm=replaced.number)  # one that had begun in between
        self._workers.wake(conversation)
        return message

    async def stop(self, conversation: str, *, user: str = OPERATOR) -> None:
        """Ends the turn that runs or waits; what it has started outside, such as a deployment, goes on."""
        async with self._store.write(owner=user) as transaction:
            await transaction.conversations.get(conversation)
            for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.RUNNING]):
                await transaction.histories.stop(turn.id)
            for turn in await transaction.histories.of(conversation, statuses=[TurnStatus.WAITING]):
                said = closing.message("Stopped.", turn.id, stopped="user")
                await closing.close(
                    transaction, turn, said, why="you stopped the turn", by="devgem", now=datetime.now(UTC)
                )
        self._workers.cancel(conversation)

    async def pending(self, conversation: str) -> list[Approval]:
        """What waits for an approval. Raises NotFound."""
        async with self._store.read() as transaction:
            await transaction.conversations.get(conversation)
            return await transaction.approvals.pending(conversation)

    async def answer(
        self,
        conversation: str,
        approval: str,
        *,
        granted: bool,
        digest: str,
        typed_name: str | None = None,
        values: Mapping[str, str] | None = None,
        by: str,
    ) -> None:
        """Grants or denies exactly what was shown; the turn goes on when nothing of it waits any more. Raises
        NotFound, Conflict when it was answered already or the digest is another one, and InvalidInput."""
        values = values or {}
        check_env(values)
        async with self._store.write(owner=by) as transaction:
            asked = await transaction.approvals.get(conversation, approval)
            approvals.check(asked, granted=granted, given_digest=digest, typed_name=typed_name, values=values)
            reason = "" if granted else "you denied it"
            now = datetime.now(UTC)
            await approvals.answer(transaction, asked, granted=granted, by=by, now=now, reason=reason, values=values)
        self._workers.wake(conversation)

    async def edit(self, conversation: str, edit: str, *, accept: bool, hunks: Sequence[str] | None = None) -> None:
        """Makes an edit that was proposed live, whole or in part, or takes it back. Raises NotFound, and Conflict when
        the files have been edited since."""
        proposed = await edits.find(self._parts, conversation, edit)
        if accept:
            self._followers.follow(await edits.accept(self._parts, conversation, edit, hunks))
        else:
            await edits.discard(self._parts, conversation, str(proposed.data["app"]))

    async def rest_of(self, conversation: str, edit: str, after: int) -> DiffPage:
        """What of an edit that was proposed comes after its first `after` hunks. Raises as `edit` does."""
        return await edits.rest(self._parts, conversation, edit, after)


def _instructions() -> str:
    return files("devgem.agent").joinpath("instructions.md").read_text()
