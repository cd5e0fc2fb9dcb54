"""Whether the user's own message asks for exactly this call. What a model says counts for nothing here."""

from collections.abc import Mapping
from typing import Any

from devgem.llm.planner import Call, Plan, Several, World, understand


def asked_for(said: str, world: World, tool: str, arguments: Mapping[str, Any]) -> bool:
    """True only when the planner, which knows neither the model nor anything it has read, finds this very call in the
    message: the same tool, the same arguments, none more and none less."""
    wanted = _plain(arguments, world)
    return any(
        call.tool == tool and _plain(call.arguments, world) == wanted for call in _calls(understand(said, world))
    )


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
