"""From a tree to its plan: asks every provider, picks one answer."""

from collections.abc import Sequence

from devgem.domain.errors import InvalidInput
from devgem.domain.plan import BuildPlan, Kind, Unplannable
from devgem.domain.tree import Tree
from devgem.stack.files import BrokenManifest, Files
from devgem.stack.provider import Answer, NoStart, Provider
from devgem.stack.providers import PROVIDERS


async def detect(tree: Tree, dir: str = ".") -> BuildPlan | Unplannable:
    """The plan for the app in a folder of a tree, or why there is none. Raises nothing for a bad repository; what the
    tree itself raises (a source that has gone away) passes through."""
    try:
        files = await Files.open(tree, dir)
        return await _plan(files)
    except (BrokenManifest, InvalidInput) as error:
        return Unplannable(error.message, error.fix)


async def _plan(files: Files) -> BuildPlan | Unplannable:
    if not files.paths:
        return Unplannable(f"The folder {files.dir!r} of the repository is empty.", "Commit the app's files first.")
    answer = choose(await _answers(files, PROVIDERS))
    if isinstance(answer, NoStart):
        return Unplannable(answer.reason, answer.fix, language=answer.plan.stack.language)
    if answer is None:
        return Unplannable(
            "Nothing here is of a kind that DevGem knows.", "Add a Dockerfile, a Procfile or devgem.toml."
        )
    return answer


async def _answers(files: Files, providers: Sequence[Provider]) -> list[Answer]:
    return [answer for provider in providers if (answer := await provider.plan(files)) is not None]


def choose(answers: Sequence[Answer]) -> Answer:
    """The best answer; among equals the one whose provider comes first."""
    return min(answers, key=_rank, default=None)


def _rank(answer: Answer) -> tuple[int, bool]:
    """Servers, then sites, then workers, then what cannot be planned; within each, what is sure comes first."""
    if not isinstance(answer, BuildPlan):
        return (3, False)
    order = {Kind.SERVER: 0, Kind.STATIC: 1, Kind.WORKER: 2, Kind.UNKNOWN: 3}
    return (order[answer.stack.kind], answer.stack.confidence == "low")
