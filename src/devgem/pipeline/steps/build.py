"""Makes an image, or finds the one that an equal build has made."""

import json

from devgem.domain.app import Build, Commit, Image, Progress
from devgem.domain.failure import Failure
from devgem.domain.plan import BuildPlan
from devgem.pipeline.work import Done, Outcome, Work
from devgem.source.workspace import patch_digest
from devgem.store import Transaction
from devgem.store.deployments import plan_to_json


async def build(work: Work) -> Outcome:
    commit, plan = work.deployment.commit, work.deployment.plan
    assert commit is not None
    assert plan is not None
    async with work.parts.store.read() as transaction:
        env = await transaction.config_vars.values(work.owner, build=True)
        patch = work.deployment.order.patch
        fingerprint = work.parts.store.vault.fingerprint(_inputs(commit, patch, plan, env))
        earlier = await transaction.builds.find(work.owner, fingerprint)
    if earlier:
        return _skipped(work, *earlier)
    order = Build(work.id, work.owner, work.repository, commit, plan, env, patch)
    if work.cloud.clones_itself:
        # It builds elsewhere, and has a queue of its own.
        result = await work.listen(work.cloud.build(order))
    else:
        if work.parts.build_slots.locked():
            await work.narration.progress(Progress("Waiting for another build to end"))
        async with work.parts.build_slots:
            result = await work.listen(work.cloud.build(order))
    return result if isinstance(result, Failure) else _built(work, fingerprint, result)


def _built(work: Work, fingerprint: str, image: Image) -> Done:
    async def save(transaction: Transaction) -> None:
        await transaction.builds.add(work.owner, fingerprint, image, work.id)
        await transaction.deployments.found(work.id, image=image)

    return Done({"image": image.digest, "size_bytes": image.size_bytes}, save=save)


def _skipped(work: Work, image: Image, deployment: str) -> Done:
    async def save(transaction: Transaction) -> None:
        await transaction.deployments.found(work.id, image=image)

    edits = "edits, " if work.deployment.order.patch else ""
    reason = f"Commit, {edits}plan and build variables are those of {deployment}"
    return Done({"reason": reason, "image": image.digest, "size_bytes": image.size_bytes}, skipped=True, save=save)


def _inputs(commit: Commit, patch: str, plan: BuildPlan, env: dict[str, str]) -> str:
    edits = [patch_digest(patch)] if patch else []
    return json.dumps([commit.sha, *edits, plan_to_json(plan), env], sort_keys=True)
