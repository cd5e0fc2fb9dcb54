"""Starts a new revision, without traffic. Its number is allotted once, and its config vars are fixed with it."""

from devgem.domain.app import Revision
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.pipeline.work import Done, Outcome, Work
from devgem.store import Fact


async def release(work: Work) -> Outcome:
    revision = await _allotted(work)
    failure = await work.cloud.release(revision)
    if failure:
        return await _not_released(work, revision, failure)
    data = {"revision": revision.number}
    released = {"revision": revision.number, "deployment": work.id, "app": work.app}
    return Done(data, before=[Fact(EventType.REVISION_RELEASED, released)])


async def _allotted(work: Work) -> Revision:
    row = work.deployment
    assert row.commit is not None
    assert row.plan is not None
    assert row.image is not None
    async with work.parts.store.write() as transaction:
        held = await transaction.revisions.of_deployment(work.id)
        if held:
            return held
        env = await transaction.config_vars.values(work.app, build=False)
        number = await transaction.apps.next_revision(work.app)
        revision = Revision(work.app, number, work.id, row.image, row.plan, env)
        await transaction.revisions.add(revision, commit=row.commit.sha)
        return revision


async def _not_released(work: Work, revision: Revision, failure: Failure) -> Failure:
    if failure.code == "image_missing":  # so that the next deployment builds it again
        async with work.parts.store.write() as transaction:
            await transaction.builds.forget(work.app, revision.image.digest)
    return failure
