"""The agent over the house's parts: conversations, and the model that answers them."""

from collections.abc import Mapping

from devgem.agent.brain import Asker, Brain
from devgem.agent.conversation import Conversations
from devgem.agent.parts import Parse, Parts, Plan
from devgem.clouds import Cloud
from devgem.pipeline import Pipeline
from devgem.pipeline.workspaces import Workspaces
from devgem.source import Sources
from devgem.store import Store


def conversations(
    store: Store, pipeline: Pipeline, clouds: Mapping[str, Cloud], *, sources: Sources, parse: Parse, plan: Plan
) -> Conversations:
    workspaces = Workspaces(store, sources, pipeline)
    parts = Parts(store, pipeline, clouds, parse=parse, plan=plan, sources=sources, workspaces=workspaces)
    return Conversations(parts, _by_rules)


async def _by_rules(asker: Asker) -> Brain:
    from devgem.agent.rules_brain import model

    return Brain(model(), is_metered=False)
