"""What the routes are given: built once in wiring, reached through the request."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from devgem.agent.conversation import Conversations
from devgem.clouds import Cloud
from devgem.clouds.domains import BaseDomain
from devgem.domain.app import Check, Repository
from devgem.domain.errors import Forbidden
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.domain.users import OPERATOR
from devgem.pipeline import Pipeline
from devgem.pipeline.domains import AppDomains
from devgem.pipeline.inspections import Inspections
from devgem.pipeline.push import Pushes
from devgem.quota import Board
from devgem.quota.history import Minute
from devgem.source import Tokens
from devgem.source.github.picker import Picker
from devgem.store import Store
from devgem.web.github_sign_in import GitHubSignIn
from devgem.web.sign_in import Identity, SignIn
from devgem.web.socket import Sockets
from devgem.web.streams import Streams


@dataclass(frozen=True)
class Isolation:
    """How well apps and builds are kept apart here; `level` is L0 (not at all), L1 (sandbox) or more."""

    level: str
    detail: str


@dataclass(frozen=True)
class Spent:
    """What models have cost since midnight UTC; `day_limit` None where none is set, `cost_usd` None where a price is
    not known."""

    day_tokens: int
    day_limit: int | None
    cost_usd: float | None


@dataclass(frozen=True)
class OnGitHub:
    """`token` is a user's own, None without a sign-in there; `missing_url` is where a user lets DevGem see more."""

    picker: Picker
    token: Tokens
    missing_url: str


@dataclass(frozen=True)
class Parts:
    """`origins` are the dashboard's own; `parse` turns what a user typed into a repository, `detect` plans one and
    gives its Dockerfile, `examine` is what the doctor sees; `static` is the folder of the built UI; `quota` and
    `spending` are asked for every look of a user at the board, `quota_history` for a user's last hour of it;
    `base_domain` is the domain of all apps of a cloud that can have one; `webhook_secret` None: no webhook is taken."""

    store: Store
    pipeline: Pipeline
    clouds: Mapping[str, Cloud]
    conversations: Conversations
    sign_in: SignIn
    github_sign_in: GitHubSignIn
    streams: Streams
    sockets: Sockets
    origins: Sequence[str]
    isolation: Isolation
    parse: Callable[[str, str | None, str], Repository]
    detect: Callable[[Repository, str], Awaitable[tuple[BuildPlan | Unplannable, str]]]
    examine: Callable[[], Awaitable[Sequence[Check]]]
    is_draining: Callable[[], bool]
    static: Path
    quota: Callable[[str], Awaitable[Board]]
    quota_history: Callable[[str], Awaitable[Mapping[str, Sequence[Minute]]]]
    spending: Callable[[str], Awaitable[Spent]]
    github: OnGitHub
    inspections: Inspections
    domains: AppDomains
    base_domain: BaseDomain | None
    pushes: Pushes
    webhook_secret: str | None = None


def parts_of(connection: HTTPConnection) -> Parts:
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


async def identity_of(connection: HTTPConnection) -> Identity:
    """Who sends the request. Raises NotSignedIn."""
    return await parts_of(connection).sign_in.require(connection)


Who = Annotated[Identity, Depends(identity_of)]


async def signed_in(connection: HTTPConnection, who: Who) -> Parts:
    """The parts, for a request whose sender is signed in, and owns what the path names: any app, deployment or
    conversation, in whatever route. Raises NotSignedIn, and NotFound for what is another user's."""
    parts = parts_of(connection)
    named = connection.path_params
    if named.keys() & {"app", "deployment", "conversation"}:
        async with parts.store.read(owner=who.user) as transaction:
            if "app" in named:
                await transaction.apps.get(named["app"])
            if "deployment" in named:
                await transaction.deployments.get(named["deployment"])
            if "conversation" in named:
                await transaction.conversations.get(named["conversation"])
    return parts


def operators_only(who: Who) -> None:
    """Raises Forbidden for what concerns the machine that DevGem runs on, and not one user."""
    if who.user != OPERATOR:
        raise Forbidden("this is for the operator of this DevGem", fix="Ask whoever runs it.")


Open = Annotated[Parts, Depends(parts_of)]
SignedIn = Annotated[Parts, Depends(signed_in)]
Operator = Annotated[None, Depends(operators_only)]
