"""What somebody sees of a repository before they deploy it: what it is, what it runs, what it asks for."""

import contextlib
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError, Unavailable
from devgem.domain.plan import BuildPlan, Candidate, Unplannable
from devgem.domain.tree import Tree
from devgem.pipeline.intake import check_source
from devgem.source import NotedTree, Sources
from devgem.source.credentials import Credentials
from devgem.source.github import GitHub, slug_of
from devgem.stack import candidates, detect, dockerfile
from devgem.stack.button import Asked, Button, is_name, is_secret, read_button
from devgem.stack.files import Files
from devgem.stack.powers import powers, runs
from devgem.store import Store

_ENV = 200
_GENERATED_BYTES = 32

Look = Callable[[Repository, str], Awaitable[tuple[Commit, NotedTree]]]
"""A repository as a user reads it: its commit and its files."""
Find = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class EnvAsked:
    """A config var to fill in; a `generated` one has a fresh secret as its `value`."""

    name: str
    description: str
    required: bool
    value: str = field(repr=False)
    generated: bool
    secret: bool


@dataclass(frozen=True)
class Inspection:
    """`own`: the user may change this repository. `first_seen`: nothing of its owner's was deployed by the user before.
    `findings` are what was found in the files; see `_findings`."""

    repository: Repository
    owner: str
    commit: Commit
    at: datetime | None
    private: bool
    own: bool
    first_seen: bool
    findings: Mapping[str, Any]
    env: Sequence[EnvAsked]
    note: str


class Inspections:
    """`reads_far`: clouds fetch the code themselves, so that no checkout is made for a look either."""

    def __init__(
        self, store: Store, sources: Sources, github: GitHub, credentials: Credentials, *, reads_far: bool
    ) -> None:
        self._store = store
        self._sources = sources
        self._github = github
        self._credentials = credentials
        self._reads_far = reads_far

    async def of(self, repository: Repository, user: str) -> Inspection:
        """Raises SourceError, and Unavailable while GitHub cannot be asked."""
        commit, tree = await self.look(repository, user)
        findings = await self._kept("inspection", repository, commit, lambda: _findings(tree, repository.dir))
        about = await self._about(repository, commit, user)
        env = [_offered(EnvAsked(**asked)) for asked in findings["env"]]
        return Inspection(
            repository=repository,
            owner=owner_of(repository),
            commit=commit,
            first_seen=await self._is_first(repository, user),
            findings=findings,
            env=env,
            note=" ".join(tree.notes),
            **about,
        )

    async def folders(self, repository: Repository, user: str) -> Sequence[Candidate]:
        """The folders that can be deployed, `.` among them when the root can."""
        commit, tree = await self.look(replace(repository, dir="."), user)

        async def found() -> Mapping[str, Any]:
            return {"folders": [asdict(candidate) for candidate in await candidates(tree)]}

        kept = await self._kept("folders", replace(repository, dir="."), commit, found)
        return [Candidate(**each) for each in kept["folders"]]

    async def look(self, repository: Repository, user: str) -> tuple[Commit, NotedTree]:
        """The commit and its files: by the API where a sign-in allows enough calls, or nothing else will do. Raises
        InvalidInput for a folder of this machine that is not the user's, SourceError and Unavailable."""
        check_source(repository, user)
        if self._reads_far:
            return await self._sources.look(repository, user=user)
        if await self._credentials.of(repository, user) is not None:
            with contextlib.suppress(Unavailable):
                return await self._sources.look(repository, user=user)
        return await self._sources.fetch(repository, user=user)

    async def _kept(self, what: str, repository: Repository, commit: Commit, find: Find) -> Mapping[str, Any]:
        """By commit: the same one is not analysed twice."""
        named = (what, version("devgem"), repository.location, commit.sha, repository.dir)
        key = hashlib.sha256("\0".join(named).encode()).hexdigest()
        async with self._store.read() as transaction:
            known: Mapping[str, Any] | None = await transaction.analyses.find(key)
        if known is not None:
            return known
        found: Mapping[str, Any] = await find()
        async with self._store.write() as transaction:
            await transaction.analyses.keep(key, found, now=datetime.now(UTC))
        return found

    async def _about(self, repository: Repository, commit: Commit, user: str) -> dict[str, Any]:
        """What GitHub tells besides; nothing is lost where it does not."""
        slug = slug_of(repository.location)
        token = await self._credentials.of(repository, user)
        unknown = {"at": None, "private": False, "own": repository.is_folder}
        if slug is None or not (token or self._reads_far):
            return unknown
        try:
            info = await self._github.repository(slug, token)
            at = (await self._github.commit(slug, commit.sha, token)).at
        except (SourceError, Unavailable):
            return unknown
        return {"at": at, "private": info.private, "own": info.writable}

    async def _is_first(self, repository: Repository, user: str) -> bool:
        if repository.is_folder:
            return False
        prefix = repository.location.rpartition("/")[0] + "/"
        async with self._store.read(owner=user) as transaction:
            rows = await transaction.apps.page(limit=10_000)
        return not any(row.app.repository.location.startswith(prefix) for row in rows)


def owner_of(repository: Repository) -> str:
    """Whose it is, as far as its address says."""
    if (slug := slug_of(repository.location)) is not None:
        return slug.partition("/")[0]
    return urlsplit(repository.location).hostname or "this machine"


async def _findings(tree: Tree, dir: str) -> dict[str, Any]:
    """What is found in the files, as JSON: plan, dockerfile, runs, widens, hooks, env, app, candidates."""
    found = await detect(tree, dir)
    plan = found if isinstance(found, BuildPlan) else None
    files = await Files.open(tree, plan.dir if plan else dir)
    button = await read_button(files)
    listed = found.candidates if isinstance(found, Unplannable) else ()
    return {
        "plan": found.to_json(),
        "dockerfile": await _dockerfile(tree, plan),
        "runs": await runs(files, plan) if plan else [],
        "widens": [asdict(power) for power in await powers(files, plan)],
        "hooks": list(button.hooks),
        "env": [_document(asked) for asked in _env(plan, button)],
        "app": _app(button),
        "candidates": [asdict(candidate) for candidate in listed],
    }


async def _dockerfile(tree: Tree, plan: BuildPlan | None) -> str:
    if plan is None:
        return ""
    if plan.dockerfile is not None:
        return (await tree.read(plan.dockerfile)).decode("utf-8", "replace").replace("\0", "")
    return dockerfile(plan)


def _env(plan: BuildPlan | None, button: Button) -> list[Asked]:
    """What app.json asks for, then what the code cannot live without, then what else it reads."""
    known = {asked.name: asked for asked in button.env}
    if plan is not None:
        for name in (*plan.env_required, *plan.env_names):
            if is_name(name):
                known.setdefault(name, Asked(name, required=name in plan.env_required))
    return list(known.values())[:_ENV]


def _document(asked: Asked) -> dict[str, Any]:
    return {**asdict(asked), "secret": asked.generated or is_secret(asked.name)}


def _offered(asked: EnvAsked) -> EnvAsked:
    return replace(asked, value=secrets.token_urlsafe(_GENERATED_BYTES)) if asked.generated else asked


def _app(button: Button) -> dict[str, str] | None:
    if not button.said:
        return None
    return {"name": button.name, "description": button.description, "success_url": button.success_url}
