"""Whether the user's own message asks for exactly this call. What a model says counts for nothing here."""

from collections.abc import Mapping
from typing import Any

from devgem.llm.planner import Call, Plan, Several, World, understand
from devgem.quota import Priority

_DEPLOYS = frozenset({"deploy", "deploy_edits", "preview_edits", "rollback", "restart", "cancel"})
_ANALYSES = frozenset({"inspect_repository", "explain_failure", "read_logs"})


def asked_for(said: str, world: World, tool: str, arguments: Mapping[str, Any]) -> bool:
    """True only when the planner, which knows neither the model nor anything it has read, finds this very call in the
    message: the same tool, the same arguments, none more and none less."""
    wanted = _plain(arguments, world)
    return any(
        call.tool == tool and _plain(call.arguments, world) == wanted for call in _calls(understand(said, world))
    )


def priority_of(said: str, world: World) -> Priority:
    """How urgent a turn is: deploying and going back first, then finding out about a repository or a failure."""
    tools = {call.tool for call in _calls(understand(said, world))}
    if tools & _DEPLOYS:
        return Priority.DEPLOY
    return Priority.ANALYZE if tools & _ANALYSES else Priority.CHAT


def names(said: str, source: str) -> bool:
    """Whether a message names a source (a repository or a folder) as one of its words."""
    return any(word.strip("\"'`<>()").rstrip(".,;:!?") == source for word in said.split())


def _calls(plan: Plan) -> tuple[Call, ...]:
    match plan:
        case Call():
            return (plan,)
        case Several(calls):
            return calls
        case _:
            return ()


def _plain(arguments: Mapping[str, Any], world: World) -> dict[str, Any]:
    """Without what says nothing: missing values, the default folder; with the only app where none is named."""
    plain = {name: value for name, value in arguments.items() if value is not None and name != "values"}
    if plain.get("dir") == ".":
        del plain["dir"]
    if "app" not in plain and "source" not in plain and len(world.apps) == 1:
        plain["app"] = world.apps[0].name
    return plain
