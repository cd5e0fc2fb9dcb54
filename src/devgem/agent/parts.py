"""What the agent's tools may use: the rest of the house, given once by wiring."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from devgem.clouds import Cloud
from devgem.domain.app import Repository
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.pipeline import Pipeline, Workspaces
from devgem.pipeline.domains import AppDomains
from devgem.pipeline.parts import Sources
from devgem.quota.board import Board
from devgem.store import Store

Parse = Callable[[str, str | None, str], Repository]
Plan = Callable[[Repository, str], Awaitable[tuple[BuildPlan | Unplannable, str]]]


@dataclass(frozen=True)
class Parts:
    """`parse` turns what a user typed (source, ref, dir) into a repository; `plan` finds its build plan, read as a user
    reads it; `board` is what the quota engine shows of itself, None where no model is configured; `repositories`
    searches those that a user can reach by a sign-in, None without one; `sources` are the pipeline's; `push_token`
    gives a user's credential to push with, None without a sign-in; `domains` are the apps' own host names."""

    store: Store
    pipeline: Pipeline
    clouds: Mapping[str, Cloud]
    parse: Parse
    plan: Plan
    sources: Sources
    workspaces: Workspaces
    board: Callable[[str], Awaitable[Board]] | None = None
    repositories: Callable[[str, str], Awaitable[Sequence[str]]] | None = None
    push_token: Callable[[str], Awaitable[str | None]] | None = None
    domains: AppDomains | None = None
