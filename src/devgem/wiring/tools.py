"""What needs no running DevGem: reading a source, planning it, and finding out what is missing here."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from devgem.clouds.local import probe, programs
from devgem.clouds.local.toolchains import PROGRAMS
from devgem.config import Paths, Settings
from devgem.domain.app import Check, Repository
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.source import Policy, Sources, parse_source
from devgem.stack import detect, dockerfile

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


async def plan(sources: Sources, repository: Repository) -> tuple[BuildPlan | Unplannable, str]:
    """The plan and its Dockerfile; the repository's own Dockerfile where that is the plan."""
    _, tree = await sources.fetch(repository)
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


async def examine(settings: Settings) -> Sequence[Check]:
    """What DevGem finds on this machine, and what would bring what is missing."""
    isolation = (await probe.probe()).check(own=False, allow_unsandboxed=settings.allow_unsandboxed)
    found = [_program(name, needed=True) for name in _NEEDED_PROGRAMS]
    found += [_program(name, needed=False) for name in _USEFUL_PROGRAMS]
    return [isolation, *found, _disk(Paths(settings.data_dir))]


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
