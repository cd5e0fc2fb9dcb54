"""Deployments: an index over their streams. `state` folds a stream's lifecycle events; the log is the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.domain.app import Commit, Image, Repository
from devgem.domain.deployment import Deployment, Status, fold
from devgem.domain.errors import NotFound
from devgem.domain.plan import BuildPlan
from devgem.store import tables
from devgem.store.batch import Batch
from devgem.store.events import Events, Fact
from devgem.store.owners import Scope

_deployments, _streams = tables.deployments, tables.streams
_LIFECYCLE = ("deployment.", "revision.", "traffic.")
"""The events that a deployment's app and the list of all apps are told of too."""


@dataclass(frozen=True)
class Order:
    """What was asked for. `own`: the repository is the operator's own; `reason`: request, button, push, edits,
    preview, pull_request. `commit`: exactly this one, whatever the ref names by now; `patch`: edits on top of it.
    `bare`: a preview that gets nothing of its app's, neither config vars nor builds."""

    repository: Repository
    cloud: str
    own: bool
    reason: str
    commit: Commit | None = None
    patch: str = ""
    bare: bool = False


@dataclass(frozen=True)
class DeploymentRow:
    """`shifting`: past the point of no return. `commit`, `plan`, `image` are there once their step has found them."""

    id: str
    app: str
    state: Deployment
    order: Order
    requested_at: datetime
    cancel_requested: bool
    shifting: bool
    commit: Commit | None
    plan: BuildPlan | None
    image: Image | None


class Deployments:
    def __init__(self, connection: AsyncConnection, events: Events, scope: Scope) -> None:
        self._connection = connection
        self._events = events
        self._own = scope.of_app(_deployments.c.app)

    async def add(self, id: str, app: str, order: Order, requested: Fact) -> Deployment:
        """`requested` is its first event, deployment.requested."""
        batch = await self._append(id, app, [requested])
        state = fold(None, batch[0])
        assert state is not None
        values = {
            "id": id,
            "app": app,
            "status": state.status,
            "state": state.to_json(),
            "requested_at": batch[0].at,
            "order": asdict(order),
            "cancel_requested": False,
            "shifting": False,
        }
        await self._connection.execute(sa.insert(_deployments).values(values))
        return state

    async def record(self, id: str, facts: Sequence[Fact]) -> Deployment:
        """Appends facts and folds them. Raises IllegalTransition, and the transaction is void, when the deployment
        is not in a state that they may follow: this is what decides every race for its end."""
        row = await self.get(id, lock=True)
        batch = await self._append(id, row.app, facts)
        if not batch:
            return row.state
        lines = batch.first - 1 - row.state.seq  # all that was appended since the last fold
        state: Deployment | None = replace(row.state, log_lines=row.state.log_lines + lines)
        for event in batch:
            state = fold(state, event)
        assert state is not None
        await self._update(id, status=state.status, state=state.to_json())
        return state

    async def get(self, id: str, *, lock: bool = False) -> DeploymentRow:
        query = _select().where(_deployments.c.id == id, *self._own)
        row = (await self._connection.execute(query.with_for_update(of=_deployments) if lock else query)).first()
        if row is None:
            raise NotFound(f"there is no deployment {id!r}")
        return _deployment_row(row)

    async def find(self, id: str) -> DeploymentRow | None:
        query = _select().where(_deployments.c.id == id, *self._own)
        row = (await self._connection.execute(query)).first()
        return _deployment_row(row) if row else None

    async def page(
        self,
        *,
        app: str | None = None,
        statuses: Sequence[Status] = (),
        before: str | None = None,
        limit: int = 50,
    ) -> list[DeploymentRow]:
        """Newest first; `before` is the id where the last page ended."""
        query = _select().where(*self._own).order_by(_deployments.c.id.desc()).limit(limit)
        if app is not None:
            query = query.where(_deployments.c.app == app)
        if statuses:
            query = query.where(_deployments.c.status.in_([status.value for status in statuses]))
        if before is not None:
            query = query.where(_deployments.c.id < before)
        return [_deployment_row(row) for row in await self._connection.execute(query)]

    async def latest(self) -> Mapping[str, DeploymentRow]:
        """The last deployment of every app."""
        newest = sa.select(sa.func.max(_deployments.c.id)).where(*self._own).group_by(_deployments.c.app)
        rows = await self._connection.execute(_select().where(_deployments.c.id.in_(newest)))
        return {row.app: _deployment_row(row) for row in rows}

    async def request_cancel(self, id: str) -> None:
        await self._update(id, cancel_requested=True)

    async def set_shifting(self, id: str) -> None:
        await self._update(id, shifting=True)

    async def found(
        self,
        id: str,
        *,
        commit: Commit | None = None,
        plan: BuildPlan | None = None,
        image: Image | None = None,
    ) -> None:
        """Notes what a step has found."""
        if commit:
            await self._update(id, commit=asdict(commit))
        if plan:
            await self._update(id, plan=plan_to_json(plan))
        if image:
            await self._update(id, image=asdict(image))

    async def _update(self, id: str, **values: Any) -> None:
        await self._connection.execute(sa.update(_deployments).where(_deployments.c.id == id).values(values))

    async def _append(self, id: str, app: str, facts: Sequence[Fact]) -> Batch:
        batch = await self._events.append(f"deployment:{id}", facts)
        shared = [Fact(event.type, event.data) for event in batch if event.type.startswith(_LIFECYCLE)]
        if shared:
            await self._events.tell_of_app(app, shared)
        return batch


@cache
def _plans() -> TypeAdapter[BuildPlan]:
    return TypeAdapter(BuildPlan)


def plan_to_json(plan: BuildPlan) -> Any:
    return _plans().dump_python(plan, mode="json")


def plan_from_json(document: Any) -> BuildPlan:
    return _plans().validate_python(document)


def _select() -> sa.Select[Any]:
    stream = _streams.c.name == "deployment:" + _deployments.c.id
    return sa.select(_deployments, _streams.c.head).outerjoin(_streams, stream)


def _deployment_row(row: sa.Row[Any]) -> DeploymentRow:
    # Whatever came after the last lifecycle event are log lines.
    state = Deployment.from_json(row.state)
    state = replace(state, log_lines=state.log_lines + row.head - state.seq, seq=row.head)
    return DeploymentRow(
        id=row.id,
        app=row.app,
        state=state,
        order=_order(row.order),
        requested_at=row.requested_at,
        cancel_requested=row.cancel_requested,
        shifting=row.shifting,
        commit=Commit(**row.commit) if row.commit else None,
        plan=plan_from_json(row.plan) if row.plan else None,
        image=Image(**row.image) if row.image else None,
    )


def _order(document: Mapping[str, Any]) -> Order:
    commit = document.get("commit")
    repository = Repository(**document["repository"])
    return Order(**{**document, "repository": repository, "commit": Commit(**commit) if commit else None})
