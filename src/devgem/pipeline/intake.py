"""Takes a request for a deployment in: which app it is for, and whether it may be."""

from collections.abc import Collection, Mapping

from devgem.domain.app import App, Repository
from devgem.domain.deployment import Deployment
from devgem.domain.errors import Conflict, InvalidInput
from devgem.domain.event import EventType
from devgem.domain.ids import check_app_name, check_env_name, parent_of, preview_of
from devgem.domain.users import OPERATOR
from devgem.pipeline import turns
from devgem.pipeline.clock import now
from devgem.pipeline.request import DeployRequest
from devgem.source import suggested_name
from devgem.source.workspace import parse_patch, patch_digest
from devgem.store import AppRow, Fact, Order, Transaction

_VALUE_LIMIT = 32 << 10
REMOVING = "being_removed"


def check(request: DeployRequest, clouds: Collection[str]) -> None:
    """Raises InvalidInput."""
    if request.app is not None:
        check_app_name(request.app)
        if parent_of(request.app):
            raise InvalidInput(f"{request.app!r} is the preview of an app", fix="Choose another name with --name.")
    if request.preview and request.app is None:
        raise InvalidInput("a preview is one of an app", fix="Name the app.")
    _check_patch(request)
    check_source(request.repository, request.owner)
    if request.cloud is not None and request.cloud not in clouds:
        raise InvalidInput(f"there is no cloud {request.cloud!r}", fix=_how_to_get(request.cloud, clouds))
    check_env(request.env)
    check_env(request.build_env)


def check_source(repository: Repository, user: str | None) -> None:
    """Raises InvalidInput for a folder of this machine, which is nobody's but the operator's."""
    if repository.is_folder and user not in (None, OPERATOR):
        raise InvalidInput(
            "folders of this machine are its operator's", fix="Name a repository: owner/repo or its git URL."
        )


def default_cloud(request: DeployRequest, clouds: Collection[str]) -> str:
    """The first of them, which for a folder of this machine must be here."""
    here = request.repository.is_folder and "local" in clouds
    return "local" if here else next(iter(clouds))


def _how_to_get(cloud: str, clouds: Collection[str]) -> str:
    if cloud == "google":
        return (
            "Set GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_REGION, install Google's clients with "
            "`pip install 'devgem[google]'`, and start DevGem again; `devgem doctor` says what is missing."
        )
    return f"Use one of: {', '.join(sorted(clouds))}."


def _check_patch(request: DeployRequest) -> None:
    if request.patch:
        parse_patch(request.patch)
        if request.commit is None:
            raise InvalidInput("edits are made of one commit, and none is given")


def check_env(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        check_env_name(name)
        if "\0" in value or len(value) > _VALUE_LIMIT:
            raise InvalidInput(
                f"the value of {name!r} cannot be given to a process",
                fix=f"Use at most {_VALUE_LIMIT >> 10} KiB of text without NUL characters.",
            )


async def admit(transaction: Transaction, request: DeployRequest, id: str, default_cloud: str) -> Deployment:
    """Makes the app if need be, and the deployment, which supersedes one that waits. Raises Conflict."""
    row = await (_preview(transaction, request) if request.preview else _app(transaction, request, default_cloud))
    await transaction.config_vars.set(row.name, request.env, build=False)
    await transaction.config_vars.set(row.name, request.build_env, build=True)
    order = Order(
        request.repository,
        row.app.cloud,
        request.own,
        request.reason,
        commit=request.commit,
        patch=request.patch,
        bare=request.bare,
    )
    deployment = await transaction.deployments.add(id, row.name, order, _requested(id, row.name, order))
    await turns.supersede(transaction, row.name, by=id)
    return deployment


def _requested(id: str, app: str, order: Order) -> Fact:
    data = {
        "deployment": id,
        "app": app,
        "repository": order.repository.location,
        "ref": order.repository.ref,
        "dir": order.repository.dir,
        "cloud": order.cloud,
        "reason": order.reason,
    }
    if order.patch:
        data["edits"] = patch_digest(order.patch)
    return Fact(EventType.DEPLOYMENT_REQUESTED, data, "deployment.requested")


async def _app(transaction: Transaction, request: DeployRequest, default_cloud: str) -> AppRow:
    name = request.app or await _name(transaction, request)
    if request.reason == "push":
        await transaction.apps.get(name)  # NotFound, when it was removed meanwhile
    await transaction.apps.add(App(name, request.repository, request.cloud or default_cloud, now()))
    row = await transaction.apps.find(name, lock=True)
    if row is None:
        raise Conflict(f"the name {name!r} is taken", fix="Choose another name with --name.", code="name_taken")
    if row.removing:
        raise Conflict(f"{name!r} is being removed", fix="Deploy again when it is gone.")
    if request.reason == "push" and row.push_paused:
        raise Conflict(f"deployments of {name!r} by push are paused since a rollback", code="push_paused")
    if request.cloud not in (None, row.app.cloud):
        raise Conflict(f"{name!r} is on the cloud {row.app.cloud!r}", fix="Choose another name with --name.")
    await _check_repository(transaction, request, row)
    return row


async def _preview(transaction: Transaction, request: DeployRequest) -> AppRow:
    assert request.app is not None, "checked"
    app = await transaction.apps.get(request.app)
    name = preview_of(app.name, request.pull_request)
    await transaction.apps.add(App(name, request.repository, app.app.cloud, now()), owner=app.owner)
    row = await transaction.apps.get(name, lock=True)
    if row.removing or app.removing:
        raise Conflict(
            f"the last preview of {app.name!r} is being removed", fix="Try again in a moment.", code=REMOVING
        )
    return row


async def _check_repository(transaction: Transaction, request: DeployRequest, row: AppRow) -> None:
    held, asked = row.app.repository, request.repository
    if (held.location, held.dir) == (asked.location, asked.dir):
        return
    if row.last_revision:
        raise Conflict(
            f"{row.name!r} is an app from {held.location} (folder {held.dir})",
            fix="Choose another name with --name, or remove that app first.",
            code="name_taken",
        )
    await transaction.apps.set_repository(row.name, asked)  # nothing of it was ever started


async def _name(transaction: Transaction, request: DeployRequest) -> str:
    known = await transaction.apps.of_repository(request.repository.location, request.repository.dir)
    if known:
        return known.name
    name = suggested_name(request.repository)
    number = 1
    while await transaction.apps.is_taken(name if number == 1 else _numbered(name, number)):
        number += 1
    return name if number == 1 else _numbered(name, number)


def _numbered(name: str, number: int) -> str:
    return f"{name[:36].rstrip('-')}-{number}"
