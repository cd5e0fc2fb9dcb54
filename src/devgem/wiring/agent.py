"""The agent over the house's parts: conversations, the models that answer them, and what they may use."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from devgem.agent.budget import Budget
from devgem.agent.conversation import Conversations
from devgem.agent.parts import Parse, Parts, Plan
from devgem.agent.spending import Counted
from devgem.clouds import Cloud
from devgem.config import Settings
from devgem.pipeline import Pipeline
from devgem.pipeline.domains import AppDomains
from devgem.pipeline.workspaces import Workspaces
from devgem.source import Sources, Tokens
from devgem.source.github import GitHub
from devgem.source.github.picker import Picker
from devgem.store import Store
from devgem.web.parts import Spent
from devgem.wiring.models import Models


def conversations(
    settings: Settings,
    store: Store,
    pipeline: Pipeline,
    clouds: Mapping[str, Cloud],
    models: Models,
    *,
    sources: Sources,
    github: GitHub,
    tokens: Tokens,
    parse: Parse,
    plan: Plan,
    domains: AppDomains,
) -> Conversations:
    picker = Picker(github)

    async def search(user: str, query: str) -> Sequence[str]:
        return await picker.search(await tokens(user), query)

    parts = Parts(
        store,
        pipeline,
        clouds,
        parse=parse,
        plan=plan,
        sources=sources,
        workspaces=Workspaces(store, sources, pipeline, github=github),
        board=models.board,
        domains=domains,
        repositories=search,
        push_token=tokens,
    )
    budget = Budget(
        turn_tokens=settings.turn_tokens,
        conversation_tokens=settings.conversation_tokens,
        day_tokens=settings.day_tokens,
        day_cost_usd=settings.day_cost_usd,
    )
    return Conversations(
        parts, models.choose, spending=Counted(store), budget=budget, is_shared=settings.database_url is not None
    )


async def spent_today(settings: Settings, store: Store, user: str) -> Spent:
    async with store.read() as transaction:
        spent = await transaction.spending.of_day(datetime.now(UTC), user)
    cost = None if spent.unpriced_tokens else spent.cost_usd
    return Spent(spent.tokens, settings.day_tokens, cost)
