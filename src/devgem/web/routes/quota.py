"""The quota board: what may be asked of each model endpoint now, who waits, and what was spent."""

from datetime import UTC, datetime

from fastapi import APIRouter

from devgem.quota import EndpointState, Priority, Usage
from devgem.web.parts import SignedIn
from devgem.web.schemas import EndpointView, QuotaView, SpentView, UsageView

router = APIRouter()


@router.get("/api/v1/quota")
async def quota(parts: SignedIn) -> QuotaView:
    board, spent = await parts.quota(), await parts.spending()
    return QuotaView(
        as_of=datetime.now(UTC),
        endpoints=[_endpoint_view(state) for state in board.endpoints],
        waiting={priority.name.lower(): board.waiting.get(priority, 0) for priority in Priority},
        processes=board.processes,
        degraded=board.degraded,
        spent=SpentView(day_tokens=spent.day_tokens, day_limit=spent.day_limit, cost_usd=spent.cost_usd),
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
