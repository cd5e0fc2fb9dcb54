"""From a tree to its plan: asks every provider, picks one answer, lays over it what the repository states."""

from collections.abc import Sequence
from dataclasses import replace

from devgem.domain.errors import InvalidInput
from devgem.domain.plan import BuildPlan, Candidate, Evidence, Kind, Unplannable
from devgem.domain.tree import Tree
from devgem.stack.files import BrokenManifest, Files
from devgem.stack.monorepo import find_candidates, is_demo, summary
from devgem.stack.overlay import overlay
from devgem.stack.overrides import Overrides, read_overrides
from devgem.stack.provider import Answer, Provider
from devgem.stack.providers import PROVIDERS


async def detect(tree: Tree, dir: str = ".") -> BuildPlan | Unplannable:
    """The plan for the app in a folder of a tree, or why there is none. Raises nothing for a bad repository; what the
    tree itself raises (a source that has gone away) passes through."""
    try:
        files = await Files.open(tree, dir)
    except InvalidInput as error:
        return Unplannable(error.message, error.fix)
    if not files.paths:
        what = "The repository" if files.dir == "." else f"The folder {files.dir!r} of the repository"
        return Unplannable(f"{what} has no files.", "Commit the app, or give its folder with --dir.")
    try:
        overrides = await read_overrides(files)
        if overrides.dir and files.dir == ".":
            files = files.below(overrides.dir)
            overrides = await read_overrides(files)
    except BrokenManifest as error:
        return Unplannable(error.message, error.fix)
    planned = await _plan(files, overrides)
    return planned if _is_certain(files, planned) else await _look_below(files, planned)


async def candidates(tree: Tree) -> Sequence[Candidate]:
    """The folders of a repository that can be deployed, the root (`.`) among them when it is one."""
    files = await Files.open(tree)
    whole = await _plan(files)
    root = [Candidate(".", summary(whole))] if isinstance(whole, BuildPlan) and whole.dir == "." else []
    return [*root, *(candidate for candidate, _ in await find_candidates(files, _plan))]


async def _plan(files: Files, overrides: Overrides | None = None) -> BuildPlan | Unplannable:
    """The plan for this folder alone."""
    try:
        said = overrides or await read_overrides(files)
        return await overlay(files, choose([await _ask(files, provider) for provider in PROVIDERS]), said)
    except BrokenManifest as error:
        return Unplannable(error.message, error.fix)


async def _ask(files: Files, provider: Provider) -> Answer:
    try:
        return await provider.plan(files)
    except BrokenManifest as error:
        return Unplannable(error.message, error.fix, language=provider.language)


def choose(answers: Sequence[Answer]) -> Answer:
    """The best answer: servers, then sites, then workers, then what lacks something; within each what is sure first,
    and among equals the one whose provider comes first."""
    given = [answer for answer in answers if answer is not None]
    best = min(given, key=_rank, default=None)
    if not isinstance(best, BuildPlan):
        return best
    if best.stack.language == "static" and len(given) > 1:
        return _doubted(best, next(a for a in given if a is not best))
    others = [a for a in given if isinstance(a, BuildPlan) and a is not best and a.stack.kind is Kind.SERVER]
    if best.stack.kind is Kind.SERVER and others:
        named = ", ".join(f"{a.stack.framework or a.stack.language} ({a.stack.language})" for a in others)
        note = f"There is another server here: {named}. One app has one start: deploy it as an app of its own."
        return replace(best, stack=replace(best.stack, confidence="low"), notes=(*best.notes, note))
    return best


def _doubted(site: BuildPlan, other: Answer) -> Answer:
    """Pages beside code that cannot be planned: the documentation of a library is not the app."""
    if isinstance(other, BuildPlan) or other is None:
        return site
    if _is_found_by_name(site):
        return other
    note = f"Only the pages are served. {other.reason}"
    return replace(site, stack=replace(site.stack, confidence="low"), notes=(*site.notes, note))


def _is_found_by_name(plan: BuildPlan) -> bool:
    """Whether plain pages are taken for the site only because their folder has a usual name."""
    named = any(e.claim == "static_root" and not e.file.endswith("index.html") for e in plan.stack.evidence)
    return plan.stack.language == "static" and plan.static is not None and plan.static.root != "." and not named


def _rank(answer: Answer) -> tuple[int, bool]:
    if not isinstance(answer, BuildPlan):
        return (3, isinstance(answer, Unplannable))
    order = {Kind.SERVER: 0, Kind.STATIC: 1, Kind.WORKER: 2, Kind.UNKNOWN: 3}
    return (order[answer.stack.kind], answer.stack.confidence == "low")


def _is_certain(files: Files, planned: BuildPlan | Unplannable) -> bool:
    """Whether nothing in the folders below could be a better answer."""
    if isinstance(planned, Unplannable):
        return bool(planned.candidates)
    if planned.dir != files.dir and not planned.dockerfile:
        return False
    if _is_found_by_name(planned):
        return False
    return planned.stack.kind in (Kind.SERVER, Kind.STATIC) or planned.stack.confidence == "high"


async def _look_below(files: Files, planned: BuildPlan | Unplannable) -> BuildPlan | Unplannable:
    """The one app in the folders below, or the question which of several is meant."""
    found = await find_candidates(files, _plan)
    if not found or (isinstance(planned, BuildPlan) and planned.static and len(found) == 1):
        return planned
    if len(found) == 1 and not is_demo(found[0][0].dir):
        return _only(files, *found[0], planned)
    full = tuple(Candidate(files.repo_path(candidate.dir), candidate.summary) for candidate, _ in found)
    listed = ", ".join(candidate.dir for candidate in full[:8])
    what = (
        f"There are {len(found)} apps in folders: {listed}." if len(found) > 1 else f"There is an example in {listed}."
    )
    return Unplannable(what, "Choose one with --dir.", full)


def _only(files: Files, candidate: Candidate, plan: BuildPlan, above: BuildPlan | Unplannable) -> BuildPlan:
    first = plan.stack.evidence[0] if plan.stack.evidence else None
    evidence = Evidence(
        "dir", files.repo_path(candidate.dir), first.file if first else plan.dir, first.line if first else None
    )
    sure = plan.stack.confidence == "high" and isinstance(above, Unplannable) and above.language is None
    stack = replace(plan.stack, evidence=(evidence, *plan.stack.evidence), confidence="high" if sure else "low")
    note = f"The app is in {plan.dir}: it is the only one in the repository."
    return replace(plan, stack=stack, notes=(*plan.notes, note))
