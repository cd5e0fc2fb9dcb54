"""One turn: the model is asked, its calls are performed, until it has answered, must wait, or is stopped.

After every step the turn's messages are saved, and every call is in the journal before it acts: the turn can be taken
up again after an approval, in this process or another one, and be closed honestly after a crash. The loop is this
house's own, over pydantic-ai's models and messages, since a run of its agents cannot be saved in the middle.

Imports pydantic-ai: not to be imported while DevGem starts.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from devgem.agent import closing, edits, history
from devgem.agent.asked import priority_of
from devgem.agent.brain import Asker, Brain
from devgem.agent.budget import Spent, Stop, Tally, loops, stop
from devgem.agent.calls import Asked, Prepared, Scene
from devgem.agent.speech import Speech
from devgem.agent.tools import Tier, Tool, ToolResult, digest, told
from devgem.agent.workers import Means
from devgem.agent.world import look
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.llm.errors import BudgetSpent
from devgem.llm.notices import Answered, Notice, Refused, Switched, Waiting
from devgem.llm.offline import actions_of
from devgem.llm.planner import World
from devgem.llm.stream import read_delta
from devgem.store import ApprovalStatus, CallRow, CallStatus, Fact, Transaction, Turn, TurnStatus

_log = logging.getLogger(__name__)

_EMPTY = "I have no answer to that. Try it in other words."
_TELL_SECONDS = 10.0
_CONTINUE = {"label": "Continue", "say": "continue"}


class _Ended(Exception):
    """The turn may not go on."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop.text)
        self.stop = stop


class RunningTurn:
    """`run` returns whether the turn has ended; if not, it waits for an approval. To stop it: set `stopping`, and
    cancel the task that runs it; cancelled without, it is left as it is."""

    def __init__(self, means: Means, turn: Turn) -> None:
        self._means = means
        self._store = means.parts.store
        self.turn = self._turn = turn
        self._stream = f"conversation:{turn.conversation}"
        self._tally = Tally.from_json(turn.tally)
        self._spent = Spent()
        self._is_metered = False
        self._cost: float | None = None
        self._messages: list[ModelMessage] = []
        self._world = World()
        self._waiting: tuple[Waiting | None, float] = (None, 0.0)
        self._spoken: list[str] = []
        self._steeped = False
        self._speech: Speech | None = None
        self._telling: set[asyncio.Task[Any]] = set()
        self._started = monotonic() - self._tally.seconds
        self.stopping = False

    async def run(self) -> bool:
        seconds = self._means.budget.seconds
        try:
            async with asyncio.timeout(max(0.0, seconds - self._tally.seconds)):
                return await self._go_on()
        except TimeoutError:
            await self._break_off(Stop("time", f"I stopped after {seconds / 60:g} minutes."))
        except asyncio.CancelledError:
            if not self.stopping:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]  # a coroutine that runs has a task
            await self._break_off(Stop("user", "Stopped."))
        except _Ended as ended:
            await self._break_off(ended.stop)
        except DevGemError as error:
            kind = "budget" if isinstance(error, BudgetSpent) else "error"
            await self._break_off(Stop(kind, told(error)))
        except AgentRunError as error:
            _log.warning("the model failed in turn %s: %s", self._turn.id, error)
            await self._break_off(Stop("error", "The model gave no usable answer."))
        except Exception:  # noqa: BLE001 - a turn that breaks must be closed, or its conversation hangs
            _log.exception("turn %s broke", self._turn.id)
            await self._break_off(Stop("error", "Answering broke: this is a fault of DevGem."))
        finally:
            await asyncio.gather(*self._telling, return_exceptions=True)
        return True

    async def _go_on(self) -> bool:
        before, self._spoken = await self._before()
        self._world = await self._look()
        priority = priority_of(self._turn.said, self._world)
        asker = Asker(self._turn.user, self._turn.conversation, self._turn.id, self._observe, priority)
        brain = await self._means.choose(asker)
        self._is_metered = brain.is_metered
        self._spent = await self._means.spending.of(asker)
        self._messages = history.load(self._turn.messages) or [history.said(self._turn.said)]
        while True:
            last = self._messages[-1]
            if isinstance(last, ModelResponse):
                if not last.tool_calls:
                    await self._propose()
                    await self._finish(history.text_of(last) or _EMPTY, actions_of(last))
                    return True
                if not await self._settled(last):
                    await self._propose()
                    return False
            elif reached := stop(self._means.budget, self._tally, self._spent):
                raise _Ended(reached)
            else:
                response = await self._respond(asker, brain, before)
                if response.tool_calls:
                    await self._perform(response)

    async def _look(self) -> World:
        return await look(self._means.parts, conversation=self._turn.conversation, spoken=self._spoken)

    async def _respond(self, asker: Asker, brain: Brain, before: Sequence[ModelMessage]) -> ModelResponse:
        """Asks the model once, and streams what it says."""
        last = self._messages[-1]
        assert isinstance(last, ModelRequest)
        self._world = await self._look()
        instructions = f"{self._means.instructions}\n{self._world.as_part()}"
        asked = [*before, *self._messages[:-1], replace(last, instructions=instructions)]
        self._speech = speech = Speech(self._store, self._turn.conversation, self._turn.id)
        try:
            response = await self._streamed(brain, asked, speech)
        finally:
            await speech.end()
        self._messages.append(response)
        await self._count(asker, response)
        return response

    async def _streamed(self, brain: Brain, messages: Sequence[ModelMessage], speech: Speech) -> ModelResponse:
        parameters = ModelRequestParameters(function_tools=_definitions(self._means.tools), allow_text_output=True)
        limit = self._means.budget.answer_characters
        async with model_request_stream(brain.model, messages, model_request_parameters=parameters) as stream:
            async for event in stream:
                if (delta := read_delta(event)) is not None:
                    if delta.replace:
                        speech.void()
                    await speech.say(delta.text)
                if len(speech.text) > limit:
                    raise _Ended(Stop("budget", f"I cut the answer after {limit:,} characters."))
            return stream.get()

    async def _count(self, asker: Asker, response: ModelResponse) -> None:
        usage, cost = response.usage, self._cost
        used = (usage.input_tokens, usage.output_tokens) if self._is_metered else (0, 0)
        self._cost = None
        self._tally = replace(self._tally.used(*used, cost), seconds=monotonic() - self._started)
        if self._is_metered:
            self._spent = await self._means.spending.add(asker, sum(used), cost)

    async def _perform(self, response: ModelResponse) -> None:
        """Takes in an answer's calls, and performs those that need no approval."""
        async with self._store.read() as transaction:
            known = await transaction.calls.of(self._turn.id)
            secrets = await transaction.histories.secrets(self._turn.id)
        made = [_digest(part) for m in self._messages if isinstance(m, ModelResponse) for part in m.tool_calls]
        if loops(made, self._means.budget):
            raise _Ended(
                Stop("steps", "I was about to do the same thing a third time, so I stopped. Say how to go on.")
            )
        text, speech = history.text_of(response), self._speech

        async def save(transaction: Transaction, tally: Tally) -> None:
            self._tally = tally
            await self._save(transaction)
            if text and speech:
                said = closing.message(text, self._turn.id, id=speech.id, usage=self._usage())
                await transaction.events.append(self._stream, [said])

        scene = Scene(self._turn, self._world, self._tally, frozenset(secrets), steeped=self._steeped)
        asked = [Asked(part.tool_call_id, part.tool_name, part.args) for part in response.tool_calls]
        runs = await self._means.calls.admit(scene, asked, save, first=len(known))
        self._speech = None
        await self._means.calls.perform(self._turn, runs, {})

    async def _settled(self, response: ModelResponse) -> bool:
        """Whether every call of an answer has its result. Those that were approved meanwhile are performed; while
        approvals are pending the turn waits."""
        async with self._store.write() as transaction:
            approvals = await transaction.approvals.of_turn(self._turn.id)
            if any(approval.status is ApprovalStatus.PENDING for approval in approvals):
                await transaction.histories.move(self._turn.id, to=TurnStatus.WAITING, frm=[TurnStatus.RUNNING])
                return False
            granted = {a.call: a for a in approvals if a.status is ApprovalStatus.GRANTED}
            rows = [r for r in await transaction.calls.of(self._turn.id) if r.status is CallStatus.ASKED]
            secrets = await transaction.histories.secrets(self._turn.id)
            values = {
                row.id: {**secrets, **await transaction.approvals.take_values(granted[row.id].id)}
                for row in rows
                if row.id in granted
            }
        runs: list[tuple[CallRow, Prepared]] = []
        for row in rows:
            prepared = await self._means.calls.prepare(row.tool, row.arguments, self._world, self._turn.conversation)
            assert not isinstance(prepared, ToolResult)  # it was complete when the approval was asked for
            if row.id in granted and prepared.digest == granted[row.id].digest:
                runs.append((row, prepared))
        await self._means.calls.perform(self._turn, runs, values)
        async with self._store.write() as transaction:
            rows = await transaction.calls.of(self._turn.id)
            self._messages.append(history.returns(response, rows))
            if any(row.result and row.result.get("data", {}).get("untrusted") for row in rows):
                self._tally = replace(self._tally, untrusted=True)
            await self._save(transaction)
        return True

    async def _propose(self) -> None:
        """Shows what the turn has edited."""
        async with self._store.read() as transaction:
            rows = await transaction.calls.of(self._turn.id)
        edited = {
            str(row.arguments["app"])
            for row in rows
            if row.result and row.result["ok"] and self._means.tools[row.tool].tier is Tier.WORKSPACE
        }
        await edits.propose(self._means.parts, self._turn.conversation, edited, edits.checks_in(rows))

    async def _finish(self, text: str, actions: Sequence[Mapping[str, str]]) -> None:
        id = self._speech.id if self._speech else None
        deployment = None
        async with self._store.write() as transaction:
            for row in await transaction.calls.of(self._turn.id):
                deployment = row.deployment or deployment
            await self._save(transaction)
            if await transaction.histories.move(self._turn.id, to=TurnStatus.ENDED, frm=[TurnStatus.RUNNING]):
                usage = self._usage()
                said = closing.message(text, self._turn.id, id=id, usage=usage, deployment=deployment, actions=actions)
                await transaction.events.append(self._stream, [said])

    async def _break_off(self, stop: Stop) -> None:
        """Ends the turn with what was said so far, and why it ends."""
        partial = self._speech.text if self._speech else ""
        again = {"label": "Try again", "say": self._turn.said}
        said = closing.message(
            f"{partial}\n\n{stop.text}" if partial else stop.text,
            self._turn.id,
            id=self._speech.id if self._speech else None,
            stopped=stop.kind,
            usage=self._usage(),
            actions=[again if stop.kind == "error" and not partial else _CONTINUE],
        )
        self._tally = replace(self._tally, seconds=monotonic() - self._started)
        turn = replace(self._turn, messages=history.dump(self._messages), tally=self._tally.to_json())
        async with self._store.write() as transaction:
            await closing.close(transaction, turn, said, why="the turn was stopped", by="devgem", now=datetime.now(UTC))

    async def _save(self, transaction: Transaction) -> None:
        await transaction.histories.save(self._turn.id, history.dump(self._messages), self._tally.to_json())

    async def _before(self) -> tuple[list[ModelMessage], list[str]]:
        """The history before this turn, and what was spoken of in it, the newest first: what the user said, and the
        apps that were deployed then. What a model called or read is no part of that."""
        async with self._store.read() as transaction:
            turns = await transaction.histories.of(self._turn.conversation, statuses=[TurnStatus.ENDED], limit=200)
            earlier = [turn for turn in turns if turn.number < self._turn.number]
            calls = await transaction.calls.of_conversation(self._turn.conversation)
        spoken = []
        for turn in reversed(earlier):
            spoken += [app for call in calls.get(turn.id, ()) if call.deployment and (app := _app_of(call))]
            spoken.append(turn.said)
        known = [Tally.from_json(turn.tally) for turn in earlier]
        self._steeped = any(tally.private for tally in known) and any(tally.untrusted for tally in known)
        return history.joined(earlier, calls), spoken

    def _usage(self) -> dict[str, Any] | None:
        if not self._is_metered:
            return None
        return {
            "input_tokens": self._tally.input_tokens,
            "output_tokens": self._tally.output_tokens,
            "turn_tokens": self._tally.tokens,
            "conversation_tokens": self._spent.conversation_tokens,
            "day_tokens": self._spent.day_tokens,
            "day_limit": self._means.budget.day_tokens,
            "cost_usd": self._tally.cost_usd,
        }

    def _observe(self, notice: Notice) -> None:
        """Tells the conversation what becomes of the model's calls."""
        match notice:
            case Answered():
                if notice.cost_usd is not None:
                    self._cost = (self._cost or 0.0) + float(notice.cost_usd)
                return
            case Switched():
                data = {"from": notice.origin, "to": notice.target, "reason": notice.reason, "turn": self._turn.id}
                fact = Fact(EventType.ENDPOINT_SWITCHED, data)
            case Waiting():
                if self._is_told(notice):
                    return
                fact = _refused(notice.seconds, notice.ahead, {}, self._turn.id)
            case Refused():
                fact = _refused(notice.seconds, notice.ahead, notice.reasons, self._turn.id)
        task = asyncio.ensure_future(self._store.append(self._stream, [fact]))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _is_told(self, notice: Waiting) -> bool:
        """Whether the user knows: told of the same place in the line within the last seconds."""
        now = monotonic()
        told, at = self._waiting
        if told is not None and told.ahead == notice.ahead and now - at < _TELL_SECONDS:
            return True
        self._waiting = (notice, now)
        return False


def _app_of(call: CallRow) -> str | None:
    data = (call.result or {}).get("data") or {}
    return data.get("app") or call.arguments.get("app")


def _refused(seconds: float, ahead: int, reasons: Mapping[str, str], turn: str) -> Fact:
    data = {"seconds": seconds, "ahead": ahead, "reasons": dict(reasons), "turn": turn}
    return Fact(EventType.QUOTA_REFUSED, data)


def _definitions(tools: Mapping[str, Tool[Any]]) -> list[ToolDefinition]:
    return [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=tool.schema)
        for tool in tools.values()
    ]


def _digest(part: ToolCallPart) -> str:
    try:
        arguments = json.loads(part.args) if isinstance(part.args, str) and part.args else part.args or {}
    except ValueError:
        arguments = {"text": str(part.args)}
    return digest(part.tool_name, arguments)
