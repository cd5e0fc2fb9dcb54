"""Finds out what the code is, how to build and run it, and whether that can be done here."""

from collections.abc import Sequence

from devgem.domain.app import Check
from devgem.domain.failure import Failure
from devgem.domain.ids import parent_of
from devgem.domain.plan import BuildPlan, Evidence, Kind, Unplannable
from devgem.pipeline.reading import deployed_files
from devgem.pipeline.work import Done, Outcome, Work
from devgem.store import Transaction


async def plan(work: Work) -> Outcome:
    files = await deployed_files(work.parts.sources, work.cloud, work.deployment, await work.user())
    found = await work.parts.detect(files, work.repository.dir)
    if isinstance(found, Unplannable):
        return _unplannable(found)
    if found.stack.kind is Kind.WORKER and parent_of(work.app):
        return _worker_preview()
    checks = await work.cloud.preflight(found, own=work.deployment.order.own)
    if failed := [check for check in checks if not check.ok]:
        return _preflight_failed(failed)

    async def save(transaction: Transaction) -> None:
        await transaction.deployments.found(work.id, plan=found)

    return Done({"plan": found.to_json(), "env_missing": await _env_missing(work, found)}, save=save)


async def _env_missing(work: Work, plan: BuildPlan) -> list[str]:
    """The config vars that the code cannot live without and that are not set: said now, and no failure yet, since
    only the start can tell."""
    async with work.parts.store.read() as transaction:
        known = {var.name for var in await transaction.config_vars.of(work.owner)}
    missing = [name for name in plan.env_required if name not in known]
    if missing:
        await work.narration.say(f"The code needs config vars that are not set: {', '.join(missing)}")
    return missing


def _worker_preview() -> Failure:
    return Failure(
        "preview_of_worker",
        cause="A worker has no address to look at, and a second one would do the work of the app twice",
        fix="Make the edits live, or try them out elsewhere.",
    )


def _unplannable(found: Unplannable) -> Failure:
    return Failure(
        "unplannable",
        cause=found.reason,
        fix=found.fix,
        evidence="\n".join(_quote(evidence) for evidence in found.evidence),
        candidates=[{"dir": candidate.dir, "summary": candidate.summary} for candidate in found.candidates],
    )


def _quote(evidence: Evidence) -> str:
    where = f"{evidence.file}:{evidence.line}" if evidence.line else evidence.file
    return f"{where}: {evidence.claim} {evidence.value}"


def _preflight_failed(failed: Sequence[Check]) -> Failure:
    return Failure(
        "preflight",
        cause="; ".join(check.detail for check in failed),
        fix=" ".join(check.fix for check in failed),
        evidence=", ".join(check.name for check in failed),
    )
