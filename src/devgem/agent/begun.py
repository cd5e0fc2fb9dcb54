"""Writes the beginning of a conversation about a deployment that was asked for elsewhere in DevGem."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgem.agent import closing
from devgem.agent.calls import finished
from devgem.agent.tools import Tier, ToolResult
from devgem.domain.deployment import Deployment
from devgem.domain.event import EventType
from devgem.domain.ids import new_id
from devgem.store import CallRow, CallStatus, Fact, Transaction, TurnStatus

_TOOL = "deploy"
_CLOSING = "Its link is shown above once it answers. Ask for its logs, or say what to change."


@dataclass(frozen=True)
class Begun:
    """`said` is what the user has agreed to, in their words; `arguments` as they are shown."""

    conversation: str
    user: str
    said: str
    arguments: Mapping[str, Any]


async def begin(transaction: Transaction, begun: Begun, deployment: Deployment) -> CallRow:
    """A turn that has ended: what was said, the call, and its result. The call is to be followed."""
    turn, message = new_id("trn"), new_id("msg")
    result = ToolResult(
        f"Deploying {deployment.app}. It goes on by itself, and this conversation shows it.",
        {"app": deployment.app},
        deployment=deployment.id,
    )
    call = CallRow(
        id=new_id("cal"),
        conversation=begun.conversation,
        turn=turn,
        position=0,
        asked_as=turn,
        tool=_TOOL,
        arguments=dict(begun.arguments),
        status=CallStatus.DONE,
        result=result.to_json(),
        deployment=deployment.id,
    )
    said = {"message": message, "role": "user", "text": begun.said, "deployment": None, "replaces": None}
    await transaction.events.append(
        f"conversation:{begun.conversation}",
        [
            Fact(EventType.MESSAGE_FINISHED, {**said, "client_id": None}),
            _called(call, begun),
            finished(call.id, call.tool, turn, result),
            closing.message(_CLOSING, turn, key=f"closed:{turn}"),
        ],
    )
    await transaction.histories.add(
        turn, begun.conversation, user=begun.user, message=message, said=begun.said, secrets={}
    )
    await transaction.histories.move(turn, to=TurnStatus.ENDED, frm=[TurnStatus.QUEUED])
    await transaction.calls.add(call)
    return call


def _called(call: CallRow, begun: Begun) -> Fact:
    data = {
        "call": call.id,
        "tool": call.tool,
        "arguments": dict(begun.arguments),
        "tier": int(Tier.VISIBLE),
        "turn": call.turn,
        "title": begun.said,
    }
    return Fact(EventType.TOOL_CALLED, data, f"called:{call.id}")
