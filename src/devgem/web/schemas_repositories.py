"""Repositories and inspections on the wire. Everything in them that a repository says is data."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from devgem.web.schemas import IsolationView, Request


class RepositoryView(BaseModel):
    slug: str
    owner: str
    name: str
    private: bool
    default_branch: str
    pushed_at: datetime | None
    description: str
    language: str


class RepositoryPage(BaseModel):
    """`as_of` is when GitHub said so; `stale`: it could not be asked since, and `note` says why. `missing_url` is where
    a user lets DevGem see more of their repositories."""

    items: list[RepositoryView]
    next_cursor: str | None
    owners: list[str]
    as_of: datetime
    stale: bool
    note: str | None
    missing_url: str


class BranchView(BaseModel):
    name: str
    sha: str


class FolderView(BaseModel):
    """`summary`: in a few words, what is there."""

    dir: str
    summary: str


class InspectBody(Request):
    """`source` is a folder of this machine, a git URL or owner/repo."""

    source: str = Field(min_length=1, max_length=2000)
    ref: str | None = Field(default=None, max_length=300)
    dir: str = Field(default=".", max_length=500)


class CommitView(BaseModel):
    """`at` null where it is not known."""

    sha: str
    subject: str
    at: datetime | None
    dirty: bool


class PowerView(BaseModel):
    what: str
    file: str


class AskedView(BaseModel):
    """A config var to fill in. `value` is what app.json gives, or a fresh secret for a `generated` one; a `secret` one
    is to be typed unseen."""

    name: str
    description: str
    required: bool
    value: str
    generated: bool
    secret: bool


class AppSaid(BaseModel):
    """What app.json says of itself. `success_url` is a path of the app or an https address; empty: none."""

    name: str
    description: str
    success_url: str


class InspectionView(BaseModel):
    """`own`: the user may change the repository; `first_seen`: nothing of this owner's was deployed before. `runs` are
    the commands of a deployment, `widens` what gives it more power, `hooks` what is never run. `plan` is the document
    of `POST /detect`; with `reason` in it there is no plan, and `candidates` are the folders to choose from."""

    source: str
    owner: str
    commit: CommitView
    private: bool
    own: bool
    first_seen: bool
    plan: dict[str, Any]
    dockerfile: str
    runs: list[str]
    widens: list[PowerView]
    hooks: list[str]
    env: list[AskedView]
    app: AppSaid | None
    candidates: list[FolderView]
    isolation: IsolationView
    note: str
