"""Deployments: requested, looked at, cancelled; and what a repository would become."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.responses import JSONResponse, PlainTextResponse

from devgem.domain.deployment import Deployment
from devgem.domain.errors import DevGemError
from devgem.domain.event import EventType
from devgem.pipeline import DeployRequest
from devgem.pipeline.intake import check_source
from devgem.store import Answer
from devgem.web.parts import Parts, SignedIn, Who
from devgem.web.schemas import DeployBody, DetectBody, DetectView

router = APIRouter(prefix="/api/v1")

_LOG_PAGE = 5000


@router.post("/deployments", status_code=202, response_model=Deployment)
async def deploy(
    body: DeployBody, parts: SignedIn, who: Who, idempotency_key: Annotated[str | None, Header(max_length=200)] = None
) -> Response:
    """Requests a deployment. The same Idempotency-Key with the same body is answered as the first time."""
    if idempotency_key is None:
        return _accepted(await _deploy(parts, body, who.user))
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    async with parts.store.write() as transaction:
        replay = await transaction.idempotency.begin(who.user, idempotency_key, fingerprint, now=datetime.now(UTC))
    if replay is not None:
        return JSONResponse(replay.answer.body, replay.answer.status, replay.answer.headers)
    try:
        response = _accepted(await _deploy(parts, body, who.user))
    except DevGemError:
        async with parts.store.write() as transaction:
            await transaction.idempotency.abandon(who.user, idempotency_key)
        raise
    answer = Answer(response.status_code, {"Location": response.headers["location"]}, json.loads(bytes(response.body)))
    async with parts.store.write() as transaction:
        await transaction.idempotency.finish(who.user, idempotency_key, answer)
    return response


async def _deploy(parts: Parts, body: DeployBody, user: str) -> Deployment:
    repository = parts.parse(body.source, body.ref, body.dir)
    request = DeployRequest(
        repository=repository,
        app=body.name,
        own=repository.is_folder,
        cloud=body.cloud,
        env=body.env,
        build_env=body.build_env,
        owner=user,
    )
    return await parts.pipeline.deploy(request)


def _accepted(deployment: Deployment) -> Response:
    location = f"/api/v1/deployments/{deployment.id}"
    return JSONResponse(deployment.to_json(), 202, {"Location": location})


@router.get("/deployments/{deployment}")
async def get_deployment(deployment: str, parts: SignedIn) -> Deployment:
    async with parts.store.read() as transaction:
        return (await transaction.deployments.get(deployment)).state


@router.post("/deployments/{deployment}/cancel", status_code=202)
async def cancel_deployment(deployment: str, parts: SignedIn) -> Deployment:
    """Asks for the end of a deployment; its stream tells when it has ended."""
    await parts.pipeline.cancel(deployment)
    return await get_deployment(deployment, parts)


@router.get("/deployments/{deployment}/log", response_class=PlainTextResponse)
async def download_log(deployment: str, parts: SignedIn) -> PlainTextResponse:
    """The whole build log as text."""
    await get_deployment(deployment, parts)
    lines: list[str] = []
    after = 0
    while batch := await parts.store.events(f"deployment:{deployment}", after=after, limit=_LOG_PAGE):
        lines += [event.data["text"] for event in batch if event.type == EventType.LOG]
        after = batch.last
    return PlainTextResponse("".join(line + "\n" for line in lines))


@router.post("/detect")
async def detect(body: DetectBody, parts: SignedIn, who: Who) -> DetectView:
    """What a repository is and would be built as, without deploying it."""
    repository = parts.parse(body.source, body.ref, body.dir)
    check_source(repository, who.user)
    plan, dockerfile = await parts.detect(repository, who.user)
    return DetectView(**plan.to_json(), dockerfile=dockerfile)
