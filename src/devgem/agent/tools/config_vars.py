"""Tools about config vars: their names for the model, their values only from the user to the pipeline."""

from typing import Any

from pydantic import Field, field_validator, model_validator

from devgem.agent.tools.tool import AppArguments, Context, Tier, Tool, ToolResult
from devgem.domain.errors import InvalidInput
from devgem.domain.ids import check_env_name

_TAKES_EFFECT = "It takes effect with the next deployment."


class NamesArguments(AppArguments):
    names: tuple[str, ...] = Field(min_length=1, max_length=50)

    @field_validator("names")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                check_env_name(name)
            except InvalidInput as error:
                raise ValueError(error.message) from error
        return tuple(sorted(set(names)))


class SetArguments(NamesArguments):
    """Values are never taken from here: whoever fills in arguments does not know them."""

    @model_validator(mode="before")
    @classmethod
    def _drop_values(cls, arguments: Any) -> Any:
        if isinstance(arguments, dict):
            return {name: value for name, value in arguments.items() if name != "values"}
        return arguments


async def list_env(context: Context, arguments: AppArguments) -> ToolResult:
    async with context.parts.store.read(owner=context.user) as transaction:
        await transaction.apps.get(arguments.name)
        found = await transaction.config_vars.of(arguments.name)
    if not found:
        return ToolResult(f"{arguments.name} has no config vars.")
    names = [{"name": var.name, "build": var.build} for var in found]
    told = ", ".join(dict.fromkeys(var.name for var in found))
    return ToolResult(f"{arguments.name} has {told}. Values are never shown.", {"names": names})


async def set_env(context: Context, arguments: SetArguments) -> ToolResult:
    if missing := [name for name in arguments.names if name not in context.values]:
        raise InvalidInput(f"no value was given for {missing[0]!r}", fix="Type it into the approval.")
    values = {name: context.values[name] for name in arguments.names}
    await context.parts.pipeline.set_env(arguments.name, set=values, unset=())
    return ToolResult(f"{', '.join(arguments.names)} of {arguments.name} {_was(arguments)} set. {_TAKES_EFFECT}")


async def unset_env(context: Context, arguments: NamesArguments) -> ToolResult:
    await context.parts.pipeline.set_env(arguments.name, set={}, unset=arguments.names)
    return ToolResult(f"{', '.join(arguments.names)} of {arguments.name} {_was(arguments)} removed. {_TAKES_EFFECT}")


def _was(arguments: NamesArguments) -> str:
    return "was" if len(arguments.names) == 1 else "were"


TOOLS = (
    Tool(
        name="list_env",
        description="The names of an app's config vars; values are never shown.",
        tier=Tier.OWN,
        arguments=AppArguments,
        run=list_env,
        title=lambda a: f"Listing the config vars of {a.app}",
    ),
    Tool(
        name="set_env",
        description="Set config vars by name; their values come from the user, never from you.",
        tier=Tier.SENSITIVE,
        arguments=SetArguments,
        run=set_env,
        title=lambda a: f"Setting {', '.join(a.names)} of {a.app}",
    ),
    Tool(
        name="unset_env",
        description="Remove config vars by name.",
        tier=Tier.SENSITIVE,
        arguments=NamesArguments,
        run=unset_env,
        title=lambda a: f"Removing {', '.join(a.names)} of {a.app}",
    ),
)
