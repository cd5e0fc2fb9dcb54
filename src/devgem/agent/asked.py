"""Whether the user's own message asks for exactly this call. What a model says counts for nothing here."""

from collections.abc import Mapping
from typing import Any

from devgem.agent.rules import Intent, Verb, understand
from devgem.llm.planner import Call, World


def asked_for(said: str, world: World, tool: str, arguments: Mapping[str, Any]) -> bool:
    """True only when the rules, which know neither the model nor anything it has read, find this very call in the
    message: the same tool, the same arguments, none more and none less."""
    wanted = _plain(arguments, world)
    return any(call.tool == tool and _plain(call.arguments, world) == wanted for call in _calls(understand(said)))


def names(said: str, source: str) -> bool:
    """Whether a message names a source (a repository or a folder) as one of its words."""
    return any(word.strip("\"'`<>()").rstrip(".,;:!?") == source for word in said.split())


def _calls(intent: Intent) -> tuple[Call, ...]:
    match intent.verb:
        case Verb.DEPLOY:
            given = {"source": intent.target, "name": intent.name, "ref": intent.ref, "dir": intent.dir}
            return (Call("deploy", given),)
        case Verb.CANCEL | Verb.ROLLBACK | Verb.RESTART:
            return (Call(intent.verb.value, {"app": intent.target or None}),)
        case _:
            return ()


def _plain(arguments: Mapping[str, Any], world: World) -> dict[str, Any]:
    """Without what says nothing: missing values, the default folder, the only app."""
    plain = {name: value for name, value in arguments.items() if value is not None and name != "values"}
    if plain.get("dir") == ".":
        del plain["dir"]
    if "app" not in plain and len(world.apps) == 1 and "source" not in plain:
        plain["app"] = world.apps[0].name
    return plain
