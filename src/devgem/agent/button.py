"""What the one-click button starts: a deployment of exactly the commit that was agreed to, and a conversation about it.

The user has agreed on a page of DevGem's own, so no model is asked and nothing waits for an approval. The conversation
begins with what was agreed to, as a turn that has ended.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devgem.domain.app import Repository
from devgem.domain.errors import InvalidInput
from devgem.domain.ids import check_env_name
from devgem.pipeline import DeployRequest
from devgem.store import AppSettings

if TYPE_CHECKING:
    from devgem.agent.conversation import Conversations

_SECRET_BYTES = 32
_SHORT = 12


@dataclass(frozen=True)
class ButtonOrder:
    """`sha` is the commit; `generate` are the names of config vars that secrets are to be made up for."""

    source: str
    sha: str
    dir: str = "."
    name: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    generate: Sequence[str] = ()


@dataclass(frozen=True)
class Started:
    conversation: str
    deployment: str
    app: str


async def start(conversations: "Conversations", order: ButtonOrder, *, user: str) -> Started:
    """Raises InvalidInput, SourceError, and Conflict when the name is another app's."""
    parts = conversations.parts
    repository = parts.parse(order.source, order.sha, order.dir)
    if repository.is_folder or repository.location.startswith("file:"):
        raise InvalidInput("a button deploys a repository that others can reach", fix="Name one on GitHub.")
    for name in order.generate:
        check_env_name(name)
    known, made = await _secrets(conversations, repository, order, user)
    request = DeployRequest(repository, app=order.name, env={**made, **order.env}, reason="button", owner=user)
    deployment = await parts.pipeline.deploy(request)
    if not known:
        await _without_pushes(conversations, deployment.app)
    conversation = await conversations.begin_with(
        deployment, _said(order), _arguments(order, {*made, *order.env}), user=user
    )
    return Started(conversation.id, deployment.id, deployment.app)


async def _secrets(
    conversations: "Conversations", repository: Repository, order: ButtonOrder, user: str
) -> tuple[bool, dict[str, str]]:
    """Whether the user has such an app already, and new secrets for what it does not have."""
    async with conversations.parts.store.read(owner=user) as transaction:
        of_it = await transaction.apps.of_repository(repository.location, repository.dir)
        row = await transaction.apps.find(order.name) if order.name else of_it
        held = {var.name for var in await transaction.config_vars.of(row.name)} if row else set()
    made = {name: secrets.token_hex(_SECRET_BYTES) for name in order.generate if name not in held}
    return row is not None, made


async def _without_pushes(conversations: "Conversations", app: str) -> None:
    """What was agreed to is one commit, and not those that somebody may push later."""
    async with conversations.parts.store.write() as transaction:
        if await transaction.apps.find(app, lock=True):
            await transaction.settings.set(app, AppSettings(push=False, previews=False))


def _said(order: ButtonOrder) -> str:
    folder = "" if order.dir in (".", "") else f", folder {order.dir}"
    return f"Deploy {order.source}{folder} at commit {order.sha[:_SHORT]}"


def _arguments(order: ButtonOrder, names: set[str]) -> dict[str, object]:
    """As they are shown: no value of a config var is among them."""
    said = {"source": order.source, "ref": order.sha, "dir": order.dir, "name": order.name}
    return {**{name: value for name, value in said.items() if value}, **({"env": sorted(names)} if names else {})}
