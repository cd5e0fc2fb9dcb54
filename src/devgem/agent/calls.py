"""Tool calls: completed, decided upon, journaled, and then performed.

A model's answer is taken in whole and saved with its calls before any of them acts. What may run is noted as begun
before it acts, and as done with its result after it; what was begun and not done when a process died is never run
again. What needs an approval waits in the database.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from devgem.agent.asked import asked_for, names
from devgem.agent.budget import REPAIR_ROUNDS, Tally
from devgem.agent.failures import failed_in_a_row
from devgem.agent.parts import Parts
from devgem.agent.policy import Decision, Situation, Verdict, decide
from devgem.agent.tools import AppArguments, Arguments, Context, Tier, Tool, ToolResult, digest, told
from devgem.domain.errors import DevGemError, InvalidInput
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.llm.planner import World
from devgem.store import Approval, CallRow, CallStatus, Fact, Field, Transaction, Turn

_log = logging.getLogger(__name__)

_READ_SECONDS = 150.0
_SHOWN_CHARACTERS = 2000
_CALLS_AT_ONCE = 16
_STARTS_DEPLOYMENTS = frozenset({"deploy", "deploy_edits", "preview_edits"})


@dataclass(frozen=True)
class Asked:
    """A call as a model wrote it; `arguments` is JSON text or what was read from it."""

    id: str
    tool: str
    arguments: str | Mapping[str, Any] | None


@dataclass(frozen=True)
class Prepared:
    """A call that is complete: its `document` is what an approval is bound to."""

    tool: Tool[Any]
    arguments: Arguments
    document: Mapping[str, Any]

    @property
    def title(self) -> str:
        return self.tool.title(self.arguments)

    @property
    def digest(self) -> str:
        return digest(self.tool.name, self.document)


@dataclass(frozen=True)
class Scene:
    """Where calls are made: the turn, the world as the model was told it, and what the turn has come to know. A caller
    is `trusted` when the operator has given it leave to do what a user's own message may ask for. `steeped`: earlier
    turns, which the model remembers, have read both what is private and what others wrote."""

    turn: Turn
    world: World
    tally: Tally
    secrets: frozenset[str] = frozenset()
    trusted: bool = False
    steeped: bool = False

    @property
    def is_proactive(self) -> bool:
        return self.turn.message is None


class Calls:
    """`started` is told of each call that started a deployment."""

    def __init__(self, parts: Parts, tools: Mapping[str, Tool[Any]], started: Callable[[CallRow], None]) -> None:
        self._parts = parts
        self._tools = tools
        self._started = started
        self._acting: set[asyncio.Task[None]] = set()

    async def admit(
        self, scene: Scene, asked: Sequence[Asked], save: Callable[[Transaction, Tally], Awaitable[None]], *, first: int
    ) -> list[tuple[CallRow, Prepared]]:
        """Takes in the calls of one answer, and returns those that may be performed now; `first` is the position of
        the first one in its turn. `save` is called in the same transaction. Whether the turn is tainted counts as it
        was when the model wrote the calls."""
        runs: list[tuple[CallRow, Prepared]] = []
        facts: list[Fact] = []
        approvals: list[Approval] = []
        rows: list[CallRow] = []
        acts = await self._dealt_with(scene.turn)
        tally = scene.tally
        for position, call in enumerate(asked, first):
            prepared = await self.prepare(call.tool, call.arguments, scene.world, scene.turn.conversation)
            row = _row(scene.turn, position, call, prepared)
            facts.append(_called(row, prepared))
            if isinstance(prepared, ToolResult):
                result: ToolResult | None = prepared
            elif position - first >= _CALLS_AT_ONCE:
                result = ToolResult(f"{prepared.title}: not done, since it is one call too many at once.", ok=False)
            elif prepared.tool.acts and prepared.digest in acts:
                result = ToolResult(f"{prepared.title}: not done, since this turn has dealt with it already.", ok=False)
            else:
                acts.add(prepared.digest)
                decision, tally = await self._decide(scene, prepared, tally)
                result = _refused(prepared, decision) if decision.verdict is Verdict.REFUSE else None
                if decision.verdict is Verdict.RUN:
                    runs.append((row, prepared))
                elif result is None:
                    approvals.append(_approval(row, prepared, decision, scene))
                    facts.append(_requested(approvals[-1]))
            if result is not None:
                row = replace(row, status=CallStatus.DONE, result=result.to_json())
                facts.append(finished(row.id, row.tool, row.turn, result))
            rows.append(row)
        async with self._parts.store.write() as transaction:
            for row in rows:
                await transaction.calls.add(row)
            for approval in approvals:
                await transaction.approvals.add(approval)
            await save(transaction, tally)
            await transaction.events.append(f"conversation:{scene.turn.conversation}", facts)
        return runs

    async def prepare(
        self, name: str, raw: str | Mapping[str, Any] | None, world: World, conversation: str
    ) -> Prepared | ToolResult:
        """A call with valid arguments and its app filled in, which is one of the conversation's owner; a result that
        says what is wrong with it otherwise."""
        tool = self._tools.get(name)
        if tool is None:
            return ToolResult(f"There is no tool {name[:60]!r}. There are: {', '.join(sorted(self._tools))}.", ok=False)
        try:
            given = json.loads(raw) if isinstance(raw, str) and raw.strip() else raw or {}
            arguments = tool.arguments.model_validate(given)
            if isinstance(arguments, AppArguments):
                arguments = arguments.model_copy(update={"app": await self._app(arguments.app, world, conversation)})
        except ValidationError as error:
            return ToolResult(f"The arguments of {name} are wrong: {_wrong(error)}", ok=False)
        except ValueError:
            return ToolResult(f"The arguments of {name} are no JSON object.", ok=False)
        except DevGemError as error:
            return ToolResult(told(error), ok=False)
        return Prepared(tool, arguments, arguments.model_dump(mode="json", exclude_none=True))

    async def _dealt_with(self, turn: Turn) -> set[str]:
        """The digests of what was done in a turn, or was put to the user: no asking twice, and no doing twice."""
        async with self._parts.store.read() as transaction:
            done = [row for row in await transaction.calls.of(turn.id) if row.result and row.result["ok"]]
            asked = await transaction.approvals.of_turn(turn.id)
        return {approval.digest for approval in asked} | {digest(row.tool, row.arguments) for row in done}

    async def _app(self, named: str | None, world: World, conversation: str) -> str:
        """Raises NotFound, and InvalidInput when it is not clear which one is meant."""
        owner = await self._parts.store.owner_of(conversation)
        async with self._parts.store.read(owner=owner) as transaction:
            return (await transaction.apps.get(named or _only_app(world))).name

    async def perform(
        self, turn: Turn, runs: Sequence[tuple[CallRow, Prepared]], values: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Reads side by side, everything else in its order. `values` are config vars' values, by the id of the call
        that they are for. When this is cancelled, what acts already goes on to its end."""
        for _, group in groupby(enumerate(runs), key=lambda item: -1 if _reads(item[1][1]) else item[0]):
            await asyncio.gather(
                *(self._run(turn, row, prepared, values.get(row.id, {})) for _, (row, prepared) in group)
            )

    async def close(self) -> None:
        """Waits for what acts."""
        await asyncio.gather(*self._acting, return_exceptions=True)

    async def _decide(self, scene: Scene, prepared: Prepared, tally: Tally) -> tuple[Decision, Tally]:
        tool, said = prepared.tool, scene.turn.said
        try:
            named, is_folder = self._source(scene, prepared)
        except DevGemError as error:
            return Decision(Verdict.REFUSE, f"{error.message}: {error.fix}"), tally
        if is_folder and not named:
            return Decision(Verdict.REFUSE, "a folder of this machine is only used when your message names it"), tally
        asked = scene.trusted or (not scene.is_proactive and asked_for(said, scene.world, tool.name, prepared.document))
        if not asked and (worn := await self._worn_out(scene, prepared)):
            return Decision(Verdict.REFUSE, worn), tally
        now = replace(
            tally,
            private=tally.private or tool.reads_private,
            untrusted=tally.untrusted or tool.reads_untrusted,
            egress=tally.egress or (tool.egress and not named),
        )
        situation = Situation(
            tool.tier,
            asked=asked,
            tainted=scene.tally.untrusted,
            proactive=scene.is_proactive,
            leaks=(now.private and now.untrusted and now.egress)
            or (scene.steeped and not asked and tool.egress and not named),
        )
        decision = decide(situation)
        return decision, tally if decision.verdict is Verdict.REFUSE else now

    def _source(self, scene: Scene, prepared: Prepared) -> tuple[bool, bool]:
        """Whether the call's source is one that the user named or an app has, and whether it is a folder."""
        source = prepared.document.get("source")
        if source is None:
            return False, False
        repository = self._parts.parse(source, None, ".")
        known = {app.repository for app in scene.world.apps}
        return names(scene.turn.said, source) or repository.location in known, repository.is_folder

    async def _worn_out(self, scene: Scene, prepared: Prepared) -> str:
        """Why a repair is not tried once more, when it has failed often enough."""
        app = prepared.document.get("app") or prepared.document.get("name")
        if prepared.tool.name not in _STARTS_DEPLOYMENTS or app is None:
            return ""
        async with self._parts.store.read() as transaction:
            rounds = await failed_in_a_row(transaction, scene.turn.conversation, app)
        if rounds < REPAIR_ROUNDS:
            return ""
        known = scene.world.app(app)
        serves = f"; v{known.revision} still serves" if known and known.revision else ""
        return f"{rounds} attempts to deploy {app} have failed one after the other{serves}. Say how to go on"

    async def _run(self, turn: Turn, row: CallRow, prepared: Prepared, values: Mapping[str, str]) -> None:
        work = asyncio.create_task(self._act(turn, row, prepared, values))
        if prepared.tool.tier < Tier.WORKSPACE:
            try:
                await work
            finally:
                work.cancel()
            return
        self._acting.add(work)
        work.add_done_callback(self._acting.discard)
        await asyncio.shield(work)

    async def _act(self, turn: Turn, row: CallRow, prepared: Prepared, values: Mapping[str, str]) -> None:
        store = self._parts.store
        if prepared.tool.tier >= Tier.WORKSPACE:
            async with store.write() as transaction:
                if not await transaction.calls.begin(row.id):
                    return  # it was begun before: it must not be done twice
        user = await store.owner_of(turn.conversation)
        result = await self._result(Context(self._parts, turn.conversation, user, row.id, values), prepared)
        async with store.write() as transaction:
            if await transaction.calls.finish(row.id, result.to_json(), deployment=result.deployment):
                await transaction.events.append(
                    f"conversation:{turn.conversation}", [finished(row.id, row.tool, row.turn, result)]
                )
        if result.deployment is not None:
            self._started(replace(row, deployment=result.deployment))

    async def _result(self, context: Context, prepared: Prepared) -> ToolResult:
        tool = prepared.tool
        try:
            async with asyncio.timeout(None if tool.acts else _READ_SECONDS):
                result: ToolResult = await tool.run(context, prepared.arguments)
                return result
        except DevGemError as error:
            said = told(error)
            if tool.tier is Tier.WORKSPACE:  # it may quote the files
                return ToolResult(f"{prepared.title} did not work.", {"text": said}, untrusted="the files", ok=False)
            return ToolResult(said, ok=False)
        except TimeoutError:
            return ToolResult(f"{prepared.title} took longer than {_READ_SECONDS:g} seconds.", ok=False)
        except Exception:  # noqa: BLE001 - a tool that breaks must not end the conversation
            _log.exception("tool %s broke", tool.name)
            return ToolResult(f"{prepared.title} broke: this is a fault of DevGem.", ok=False)


def finished(call: str, tool: str, turn: str, result: ToolResult) -> Fact:
    data = {
        "call": call,
        "tool": tool,
        "ok": result.ok,
        "summary": result.summary,
        "deployment": result.deployment,
        "turn": turn,
    }
    return Fact(EventType.TOOL_FINISHED, data, f"finished:{call}")


def _reads(prepared: Prepared) -> bool:
    return prepared.tool.tier < Tier.WORKSPACE


def _row(turn: Turn, position: int, call: Asked, prepared: Prepared | ToolResult) -> CallRow:
    document = prepared.document if isinstance(prepared, Prepared) else {}
    return CallRow(
        id=new_id("cal"),
        conversation=turn.conversation,
        turn=turn.id,
        position=position,
        asked_as=call.id,
        tool=call.tool[:60],
        arguments=document,
        status=CallStatus.ASKED,
    )


def _called(row: CallRow, prepared: Prepared | ToolResult) -> Fact:
    known = isinstance(prepared, Prepared)
    data = {
        "call": row.id,
        "tool": row.tool,
        "arguments": {name: _shown(value) for name, value in row.arguments.items()},
        "tier": int(prepared.tool.tier if isinstance(prepared, Prepared) else Tier.NEVER),
        "turn": row.turn,
        "title": prepared.title if isinstance(prepared, Prepared) else "A call that cannot be made",
    }
    assert known or not row.arguments
    return Fact(EventType.TOOL_CALLED, data, f"called:{row.id}")


def _shown(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]} ..."
    return value


def _refused(prepared: Prepared, decision: Decision) -> ToolResult:
    return ToolResult(f"{prepared.title}: not done, since {decision.why}.", ok=False)


def _approval(row: CallRow, prepared: Prepared, decision: Decision, scene: Scene) -> Approval:
    wanted = prepared.document.get("names", ()) if prepared.tool.name == "set_env" else ()
    by_name = decision.verdict is Verdict.APPROVE_BY_NAME
    return Approval(
        id=new_id("apr"),
        conversation=row.conversation,
        turn=row.turn,
        call=row.id,
        tool=row.tool,
        arguments=prepared.document,
        digest=prepared.digest,
        tier=int(prepared.tool.tier),
        title=prepared.title,
        why=decision.why,
        typed_name=prepared.document["app"] if by_name else None,
        fields=[Field(name) for name in wanted if name not in scene.secrets],
        requested_at=datetime.now(UTC),
    )


def _requested(approval: Approval) -> Fact:
    data = {
        "approval": approval.id,
        "call": approval.call,
        "tool": approval.tool,
        "arguments": dict(approval.arguments),
        "digest": approval.digest,
        "tier": approval.tier,
        "title": approval.title,
        "why": approval.why,
        "typed_name": approval.typed_name,
        "fields": [vars(field) for field in approval.fields],
        "turn": approval.turn,
    }
    return Fact(EventType.APPROVAL_REQUESTED, data, f"requested:{approval.id}")


def _only_app(world: World) -> str:
    if len(world.apps) == 1:
        return world.apps[0].name
    if not world.apps:
        raise InvalidInput("there are no apps yet", fix="Deploy one first.")
    known = ", ".join(app.name for app in world.apps[:10])
    raise InvalidInput("it is not clear which app is meant", fix=f"Name one of: {known}.")


def _wrong(error: ValidationError) -> str:
    told = (
        f"{'.'.join(map(str, found['loc'])) or 'all'}: {found['msg']}" for found in error.errors(include_input=False)
    )
    return "; ".join(told)[:500]
