"""Makes an image, or finds the one that an equal build has made."""

import json

from devgem.domain.app import Build, Commit, Image, Progress
from devgem.domain.failure import Failure
from devgem.domain.plan import BuildPlan
from devgem.pipeline.work import Done, Outcome, Work
from devgem.store import Transaction
from devgem.store.deployments import plan_to_json


async def build(work: Work) -> Outcome:
    commit, plan = work.deployment.commit, work.deployment.plan
    assert commit is not None
    assert plan is not None
    async with work.parts.store.read() as transaction:
        env = await transaction.config_vars.values(work.app, build=True)
        fingerprint = work.parts.store.vault.fingerprint(_inputs(commit, plan, env))
        earlier = await transaction.builds.find(work.app, fingerprint)
    if earlier:
        return _skipped(work, *earlier)
    if work.parts.build_slots.locked():
        await work.narration.progress(Progress("Waiting for another build to end"))
    async with work.parts.build_slots:
        result = await work.listen(work.cloud.build(Build(work.id, work.app, work.repository, commit, plan, env)))
    return result if isinstance(result, Failure) else _built(work, fingerprint, result)


def _built(work: Work, fingerprint: str, image: Image) -> Done:
    async def save(transaction: Transaction) -> None:
        await transaction.builds.add(work.app, fingerprint, image, work.id)
        await transaction.deployments.found(work.id, image=image)

    return Done({"image": image.digest, "size_bytes": image.size_bytes}, save=save)


def _skipped(work: Work, image: Image, deployment: str) -> Done:
    async def save(transaction: Transaction) -> None:
        await transaction.deployments.found(work.id, image=image)

    reason = f"Commit, plan and build variables are those of {deployment}"
    return Done({"reason": reason, "image": image.digest, "size_bytes": image.size_bytes}, skipped=True, save=save)


def _inputs(commit: Commit, plan: BuildPlan, env: dict[str, str]) -> str:
    return json.dumps([commit.sha, plan_to_json(plan), env], sort_keys=True)
