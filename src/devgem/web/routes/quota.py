"""The quota board: what may be asked of each model endpoint now, who waits, and what was spent."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from devgem.quota import EndpointState, Priority, Usage
from devgem.quota.history import STEP
from devgem.web.parts import SignedIn, Who
from devgem.web.schemas import (
    ConversationSpentView,
    EndpointView,
    Page,
    QuotaHistoryView,
    QuotaMinuteView,
    QuotaView,
    SpentView,
    UsageView,
)

router = APIRouter()


@router.get("/api/v1/quota")
async def quota(parts: SignedIn, who: Who) -> QuotaView:
    board, spent = await parts.quota(who.user), await parts.spending(who.user)
    return QuotaView(
        as_of=datetime.now(UTC),
        endpoints=[_endpoint_view(state) for state in board.endpoints],
        waiting={priority.name.lower(): board.waiting.get(priority, 0) for priority in Priority},
        processes=board.processes,
        degraded=board.degraded,
        spent=SpentView(day_tokens=spent.day_tokens, day_limit=spent.day_limit, cost_usd=spent.cost_usd),
    )


@router.get("/api/v1/quota/history")
async def quota_history(parts: SignedIn, who: Who) -> QuotaHistoryView:
    """The last hour of each endpoint, minute by minute, since this process has used a model."""
    history = await parts.quota_history(who.user)
    return QuotaHistoryView(
        step_seconds=int(STEP.total_seconds()),
        endpoints={id: [QuotaMinuteView(**asdict(minute)) for minute in minutes] for id, minutes in history.items()},
    )


@router.get("/api/v1/spending")
async def spending(
    parts: SignedIn,
    who: Who,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Page[ConversationSpentView]:
    """The sender's conversations in which models used most tokens."""
    async with parts.store.read() as transaction:
        since = datetime.now(UTC) - timedelta(days=days - 1)
        spent = await transaction.spending.by_conversation(who.user, since, limit)
        titles = await transaction.conversations.titles([id for id, _ in spent])
    return Page(
        items=[
            ConversationSpentView(
                conversation=id,
                title=titles.get(id),
                tokens=one.tokens,
                cost_usd=None if one.unpriced_tokens else one.cost_usd,
            )
            for id, one in spent
        ]
    )


def _endpoint_view(state: EndpointState) -> EndpointView:
    return EndpointView(
        id=state.endpoint.id,
        provider=state.endpoint.provider,
        model=state.endpoint.model,
        region=state.endpoint.region,
        rpm=_usage_view(state.rpm),
        tpm=_usage_view(state.tpm),
        rph=_usage_view(state.rph),
        tph=_usage_view(state.tph),
        circuit=state.circuit,
        reason=state.reason,
        retry_in_seconds=state.retry_in_seconds,
        ceiling=state.ceiling,
        refused_ago_seconds=state.refused_ago_seconds,
    )


def _usage_view(usage: Usage) -> UsageView:
    return UsageView(used=usage.used, limit=usage.limit, frees_in_seconds=usage.frees_in_seconds)
