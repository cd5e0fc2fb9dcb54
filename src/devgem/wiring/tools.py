"""What needs no running DevGem: reading a source, planning it, and finding out what is missing here."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from devgem.clouds.google.preflight import Preflight
from devgem.clouds.local import probe, programs
from devgem.clouds.local.toolchains import PROGRAMS
from devgem.config import Paths, Settings
from devgem.domain.app import Check, Repository
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.domain.tree import Tree
from devgem.pipeline.inspections import Look
from devgem.source import Policy, Sources, parse_source
from devgem.stack import detect, dockerfile
from devgem.store import Store
from devgem.store.deployments import plan_from_json, plan_to_json
from devgem.wiring import domains

_NEEDED_PROGRAMS = ("git",)
_USEFUL_PROGRAMS = ("node", "go", "ruby", "php")
_FREE_BYTES = 2 << 30

SAMPLE = Path(__file__).parent.parent / "samples" / "hello"


def policy(settings: Settings) -> Policy:
    return Policy(
        allow_private_addresses=settings.allow_private_addresses,
        allow_http=settings.allow_private_addresses,
        allow_file_urls=settings.allow_file_urls,
        github_url=settings.github_url,
    )


def parser(settings: Settings) -> Callable[[str, str | None, str], Repository]:
    """Turns what a user typed (source, ref, dir) into a repository; `sample` is the bundled one."""

    def parse(source: str, ref: str | None, dir: str) -> Repository:
        return parse_source(str(SAMPLE) if source == "sample" else source, ref=ref, dir=dir)

    return parse


class Plans:
    """Plans of repositories, kept by commit: the same one is not analysed twice."""

    def __init__(self, store: Store, look: Look) -> None:
        self._store = store
        self._look = look

    async def of(self, repository: Repository, user: str) -> tuple[BuildPlan | Unplannable, str]:
        """As `plan`, of what the user can read."""
        commit, tree = await self._look(repository, user)
        named = (version("devgem"), repository.location, commit.sha, repository.dir)
        key = hashlib.sha256("\0".join(named).encode()).hexdigest()
        async with self._store.read() as transaction:
            known = await transaction.analyses.find(key)
        if known is not None:
            return plan_from_json(known["plan"]), known["dockerfile"]
        found, text = await _plan(tree, repository)
        if isinstance(found, BuildPlan):
            async with self._store.write() as transaction:
                document = {"plan": plan_to_json(found), "dockerfile": text}
                await transaction.analyses.keep(key, document, now=datetime.now(UTC))
        return found, text


async def plan(sources: Sources, repository: Repository) -> tuple[BuildPlan | Unplannable, str]:
    """The plan and its Dockerfile; the repository's own Dockerfile where that is the plan."""
    _, tree = await sources.fetch(repository)
    return await _plan(tree, repository)


async def _plan(tree: Tree, repository: Repository) -> tuple[BuildPlan | Unplannable, str]:
    found = await detect(tree, repository.dir)
    if not isinstance(found, BuildPlan):
        return found, ""
    if found.dockerfile is not None:
        return found, (await tree.read(found.dockerfile)).decode("utf-8", "replace")
    return found, dockerfile(found)


async def detect_source(
    settings: Settings, source: str, ref: str | None, dir: str
) -> tuple[BuildPlan | Unplannable, str]:
    """As `plan`, for what a user typed in a terminal, in a folder that is gone afterwards."""
    repository = parse_source(str(SAMPLE) if source == "sample" else source, ref=ref, dir=dir, cwd=Path.cwd())
    with tempfile.TemporaryDirectory(prefix="devgem-") as folder:
        return await plan(Sources(Path(folder), policy(settings)), repository)


async def examine(settings: Settings, preflight: Preflight | None = None) -> Sequence[Check]:
    """What DevGem finds on this machine and at Google, and what would bring what is missing."""
    isolation = (await probe.probe()).check(own=False, allow_unsandboxed=settings.allow_unsandboxed)
    found = [_program(name, needed=True) for name in _NEEDED_PROGRAMS]
    found += [_program(name, needed=False) for name in _USEFUL_PROGRAMS]
    return [isolation, *found, _disk(Paths(settings.data_dir)), *await domains.examine(settings, preflight)]


def _program(name: str, *, needed: bool) -> Check:
    path = programs.find(name)
    if path is not None:
        return Check(name, True, str(path), needed=needed)
    wanted = PROGRAMS[name]
    return Check(name, False, f"{wanted.names} is not installed", wanted.fix, needed)


def _disk(paths: Paths) -> Check:
    folder = next(path for path in (paths.root, *paths.root.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / (1 << 30):.1f} GiB free in {paths.root}"
    return Check("disk", free >= _FREE_BYTES, detail, "Free some space, or set DEVGEM_DATA_DIR to a larger disk.")
