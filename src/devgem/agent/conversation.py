"""Conversations: every message and answer is an event; a deployment's own events are in its own stream."""

from collections.abc import Callable
from datetime import UTC, datetime

from devgem.agent.rules import Intent, Verb, understand
from devgem.domain.app import Repository
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.pipeline import DeployRequest, Pipeline, Rollback
from devgem.store import Conversation, Fact, Store

_HELP = """I understand:
  deploy <folder, git URL or owner/repo> [as <name>] [branch <ref>] [in <folder>]
  list
  rollback <app>, restart <app>, cancel <app>"""
_UNTITLED = "New conversation"
_TITLE_CHARACTERS = 60


class Conversations:
    """`parse` turns a source that a user typed into a repository: (source, ref, dir)."""

    def __init__(self, store: Store, pipeline: Pipeline, parse: Callable[[str, str | None, str], Repository]) -> None:
        self._store = store
        self._pipeline = pipeline
        self._parse = parse

    async def open(self) -> Conversation:
        conversation = Conversation(new_id("cnv"), _UNTITLED, datetime.now(UTC))
        async with self._store.write() as transaction:
            await transaction.conversations.add(conversation)
        return conversation

    async def say(self, conversation: str, text: str, *, client_id: str | None = None) -> str:
        """Takes a user's message and answers it in the conversation's stream; the message's id. A message whose
        `client_id` was taken before is not taken again."""
        message = new_id("msg")
        stream = f"conversation:{conversation}"
        said = {"message": message, "role": "user", "text": text, "deployment": None}
        async with self._store.write() as transaction:
            known = await transaction.conversations.get(conversation)
            taken = await transaction.events.append(
                stream, [Fact(EventType.MESSAGE_FINISHED, said, client_id and f"message:{client_id}")]
            )
            if known.title == _UNTITLED:
                await transaction.conversations.rename(conversation, " ".join(text.split())[:_TITLE_CHARACTERS])
        if taken:
            answer, deployment = await self._answer(understand(text))
            reply = {"message": new_id("msg"), "role": "assistant", "text": answer, "deployment": deployment}
            await self._store.append(stream, [Fact(EventType.MESSAGE_FINISHED, reply)])
        return message

    async def _answer(self, intent: Intent) -> tuple[str, str | None]:
        """The text, and the deployment it speaks of."""
        try:
            match intent.verb:
                case Verb.DEPLOY:
                    return await self._deploy(intent)
                case Verb.LIST:
                    return await self._list(), None
                case Verb.CANCEL | Verb.ROLLBACK | Verb.RESTART if not intent.target:
                    return f"Which app? Say `{intent.verb} <app>`.", None
                case Verb.CANCEL:
                    cancelled = await self._pipeline.cancel_app(intent.target)
                    return (f"Cancelled {', '.join(cancelled)}." if cancelled else "There is nothing to cancel."), None
                case Verb.ROLLBACK:
                    done = await self._pipeline.rollback(intent.target, None)
                    return _rolled_back(done), None
                case Verb.RESTART:
                    await self._pipeline.restart(intent.target)
                    return f"{intent.target} was restarted.", None
                case Verb.HELP:
                    return _HELP, None
                case Verb.UNKNOWN:
                    return f"I did not understand that.\n{_HELP}", None
        except DevGemError as error:
            return f"{error.message}. {error.fix}".strip(), None

    async def _deploy(self, intent: Intent) -> tuple[str, str | None]:
        if not intent.target:
            return "Which repository? Say `deploy owner/repo`, a git URL, a folder, or `deploy sample`.", None
        repository = self._parse(intent.target, intent.ref, intent.dir or ".")
        deployment = await self._pipeline.deploy(DeployRequest(repository, app=intent.name, own=repository.is_folder))
        return f"Deploying {deployment.app}.", deployment.id

    async def _list(self) -> str:
        async with self._store.read() as transaction:
            apps = await transaction.apps.page()
        lines = [f"{row.name}: {row.url or 'no link yet'}" for row in apps]
        return "\n".join(lines) or "There are no apps yet. Say `deploy owner/repo`."


def _rolled_back(done: Rollback) -> str:
    return f"{done.app} went back from v{done.from_revision} to v{done.to_revision}. {done.warning}".strip()
