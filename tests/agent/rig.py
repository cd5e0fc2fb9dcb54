"""Conversations over a real pipeline and database, with a model that does as its script says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from devgem.agent.brain import Asker, Brain, Choose, Spending
from devgem.agent.budget import Budget
from devgem.agent.conversation import Conversations
from devgem.agent.parts import Parts
from devgem.agent.tools import TOOLS, Tool
from devgem.domain.app import Repository
from devgem.domain.event import Event
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.pipeline.workspaces import Workspaces
from devgem.source import Policy, Sources, parse_source
from devgem.store import Store
from tests.pipeline.conftest import KEY, Databases, House, run_house
from tests.pipeline.lives import MortalCloud, MortalStore
from tests.pipeline.peers import detect


@dataclass(frozen=True)
class ToolCall:
    """What a scripted model calls."""

    tool: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)

    @property
    def json(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Hang:
    """The model says nothing more, for ever."""


Piece = str | ToolCall | Hang | Exception
Reply = Sequence[Piece]
Mind = Callable[[list[ModelMessage]], Reply]


class Script:
    """A model's mind: what it answers, one reply per request; or a function of what it is told."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.mind: Mind | None = None
        self.seen: list[list[ModelMessage]] = []
        self.hanging = asyncio.Event()
        self.go_on = asyncio.Event()

    def will(self, *replies: Reply) -> None:
        self.replies += replies

    @property
    def told(self) -> str:
        """Everything that the model has ever been told, as one text."""
        return json.dumps([[_plain(m) for m in messages] for messages in self.seen], ensure_ascii=False)

    async def answer(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
        self.seen.append(messages)
        reply = self.mind(messages) if self.mind else self.replies.pop(0) if self.replies else ["All done."]
        for index, piece in enumerate(reply):
            match piece:
                case str():
                    yield piece
                case ToolCall():
                    yield {index: DeltaToolCall(piece.tool, piece.json, tool_call_id=f"{len(self.seen)}.{index}")}
                case Hang():
                    self.hanging.set()
                    await self.go_on.wait()
                case Exception():
                    raise piece

    def results(self) -> list[dict[str, Any]]:
        """What tools returned to the model in its last request."""
        last = self.seen[-1][-1]
        assert isinstance(last, ModelRequest)
        found: list[Any] = [part.content for part in last.parts if isinstance(part, ToolReturnPart)]
        return found


class TalkingCloud(MortalCloud):
    """An app's log is what stands in `lines`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lines: list[str] = []

    async def logs(
        self,
        app: str,
        *,
        after: int = 0,
        since: datetime | None = None,
        tail: int | None = None,
        follow: bool = False,
    ) -> AsyncIterator[LogLine]:
        for number, line in enumerate(self.lines, 1):
            yield LogLine(line, "out", datetime.now(UTC) - timedelta(seconds=1), number)


@dataclass
class Rig:
    house: House
    cloud: TalkingCloud
    conversations: Conversations
    script: Script
    inspected: list[str]

    @property
    def store(self) -> Store:
        return self.house.store

    async def open(self) -> str:
        return (await self.conversations.open()).id

    async def say(self, conversation: str, text: str, **about: Any) -> str:
        return await self.conversations.say(conversation, text, **about)

    async def until(self, conversation: str, reached: Callable[[Event], bool]) -> list[Event]:
        """The conversation's events up to the first that is `reached`."""
        seen: list[Event] = []
        async with asyncio.timeout(30), aclosing(self.store.follow(f"conversation:{conversation}")) as batches:
            async for batch in batches:
                for event in batch:
                    seen.append(event)
                    if reached(event):
                        return seen
        raise AssertionError("unreachable")

    async def answered(self, conversation: str, text: str, **about: Any) -> list[Event]:
        """Says something, and returns the events of its turn once that has ended or waits."""
        message = await self.say(conversation, text, **about)
        return await self.settled(conversation, message)

    async def settled(self, conversation: str, message: str) -> list[Event]:
        """The events of the turn that a message began, once it has ended or waits for an approval."""
        async with asyncio.timeout(30):
            while True:
                async with self.store.read() as transaction:
                    turn = await transaction.histories.of_message(conversation, message)
                if turn.status in ("ended", "waiting", "cut"):
                    return [e for e in await self.events(conversation) if e.data.get("turn") == turn.id]
                await asyncio.sleep(0.01)

    async def events(self, conversation: str) -> list[Event]:
        return list(await self.store.events(f"conversation:{conversation}", limit=100_000))

    async def deploy(self, name: str = "shop", **behaviour: Any) -> Repository:
        """An app that is live."""
        repository = self.house.repository(name, **behaviour)
        deployment = await self.house.deploy(repository, app=name)
        await self.house.ended(deployment.id)
        return repository


def of(events: Sequence[Event], type: str) -> list[dict[str, Any]]:
    return [event.data for event in events if event.type == type]


def last_text(events: Sequence[Event]) -> str:
    return str(of(events, "message.finished")[-1]["text"])


def prompts(messages: Sequence[ModelMessage]) -> list[str]:
    """What the user said, as the model was told it."""
    return [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]


@asynccontextmanager
async def open_rig(
    folder: Path,
    *,
    budget: Budget | None = None,
    spending: Spending | None = None,
    tools: Mapping[str, Tool[Any]] = TOOLS,
    databases: Databases | None = None,
    script: Script | None = None,
    is_shared: bool = False,
    model: Model[Any] | None = None,
    choose: Choose | None = None,
    busy_seconds: float = 60,
) -> AsyncIterator[Rig]:
    databases = databases or Databases.embedded(folder)
    store = await MortalStore.open(databases.store, key=KEY, busy_seconds=busy_seconds)
    cloud = TalkingCloud(folder / "cloud")
    script = script or Script()
    sources = Sources(folder / "sources", Policy())
    async with run_house(folder, store, cloud, databases.workflows, None, sources) as house:
        scripted = FunctionModel(stream_function=script.answer, model_name="scripted")

        async def choose_scripted(asker: Asker) -> Brain:
            return Brain(model or scripted, is_metered=spending is not None)

        inspected: list[str] = []

        async def plan(repository: Repository, user: str) -> tuple[BuildPlan | Unplannable, str]:
            inspected.append(repository.location)
            _, tree = await sources.fetch(repository)
            return await detect(tree, repository.dir), ""

        parts = Parts(
            store,
            house.pipeline,
            {"local": cloud},
            parse=lambda source, ref, dir: parse_source(source, ref=ref, dir=dir),
            plan=plan,
            sources=sources,
            workspaces=Workspaces(store, sources, house.pipeline),
        )
        conversations = Conversations(
            parts, choose or choose_scripted, spending=spending, budget=budget, tools=tools, is_shared=is_shared
        )
        await conversations.start()
        try:
            yield Rig(house, cloud, conversations, script, inspected)
        finally:
            await conversations.close()


def _plain(message: ModelMessage) -> Any:
    parts = [getattr(part, "content", None) or getattr(part, "args", None) for part in message.parts]
    return [getattr(message, "instructions", None), *map(str, parts)]
