"""For machines that watch DevGem: is the process there, is it ready, what does it count."""

import prometheus_client
from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry

from devgem.domain.errors import Unavailable
from devgem.domain.users import OPERATOR
from devgem.web.gauges import QuotaGauges
from devgem.web.parts import Open, Operator, SignedIn
from devgem.web.schemas import Checks, CheckView

router = APIRouter()


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
async def readyz(parts: Open) -> dict[str, str]:
    if parts.is_draining():
        raise Unavailable("DevGem is stopping", fix="Try again in a moment.")
    await parts.store.ping()
    return {"status": "ready"}


@router.get("/metrics", include_in_schema=False)
async def metrics(parts: SignedIn, operator: Operator) -> Response:
    """Prometheus text; not public."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(QuotaGauges(await parts.quota(OPERATOR)))
    text = prometheus_client.generate_latest() + prometheus_client.generate_latest(registry)
    return Response(text, media_type=prometheus_client.CONTENT_TYPE_LATEST)


@router.get("/api/v1/doctor")
async def doctor(parts: SignedIn, operator: Operator) -> Checks:
    return Checks(checks=[CheckView(**vars(check)) for check in await parts.examine()])
