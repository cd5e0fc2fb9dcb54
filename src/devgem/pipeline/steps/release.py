"""Starts a new revision, without traffic. Its number is allotted once, and its config vars are fixed with it."""

from devgem.domain.app import Revision
from devgem.domain.errors import NotFound
from devgem.domain.event import EventType
from devgem.domain.failure import Failure
from devgem.pipeline.work import Done, Outcome, Work
from devgem.source.workspace import patch_digest
from devgem.store import Fact


async def release(work: Work) -> Outcome:
    revision = await _allotted(work)
    try:
        failure = await work.cloud.release(revision)
    except NotFound:
        return await _without_image(work, revision)
    if failure:
        return failure
    released = {"revision": revision.number, "deployment": work.id, "app": work.app}
    return Done({"revision": revision.number}, before=[Fact(EventType.REVISION_RELEASED, released)])


async def _allotted(work: Work) -> Revision:
    row = work.deployment
    assert row.commit is not None
    assert row.plan is not None
    assert row.image is not None
    async with work.parts.store.write() as transaction:
        held = await transaction.revisions.of_deployment(work.id)
        if held:
            return held
        env = await transaction.config_vars.values(work.owner, build=False)
        number = await transaction.apps.next_revision(work.app)
        revision = Revision(work.app, number, work.id, row.image, row.plan, env)
        edits = patch_digest(row.order.patch) or None
        await transaction.revisions.add(revision, commit=row.commit.sha, edits=edits)
        return revision


async def _without_image(work: Work, revision: Revision) -> Failure:
    """The build was skipped, but the cloud has lost the image since: the next deployment is to build again."""
    async with work.parts.store.write() as transaction:
        await transaction.builds.forget(work.owner, revision.image.digest)
    return Failure(
        "image_missing",
        cause=f"The {work.cloud.name} cloud no longer has the image {revision.image.digest}",
        fix="Deploy again: the image will be built anew.",
        retryable=True,
    )
