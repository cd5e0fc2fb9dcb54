"""What needs no running DevGem: reading a source, planning it, and finding out what is missing here."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from devgem.config import Settings
from devgem.domain.app import Repository
from devgem.domain.plan import BuildPlan, Unplannable
from devgem.source import Policy, Sources, parse_source
from devgem.stack import detect, dockerfile

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
