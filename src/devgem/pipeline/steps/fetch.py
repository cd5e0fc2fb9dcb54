"""Finds the commit, and brings its files here, unless the cloud fetches them itself."""

from devgem.domain.app import Commit
from devgem.domain.failure import Failure
from devgem.pipeline.work import Done, Outcome, Work
from devgem.source.github import slug_of
from devgem.store import Transaction


async def fetch(work: Work) -> Outcome:
    there = work.cloud.clones_itself
    if there and work.repository.location.startswith(("/", "file:")):
        return _out_of_reach(work)
    commit = work.deployment.order.commit
    if commit is None:
        commit = await _found(work)
    elif not there:
        await work.parts.sources.checkout(work.repository, commit, user=await work.user())

    async def save(transaction: Transaction) -> None:
        await transaction.deployments.found(work.id, commit=commit)

    return Done({"commit": commit.sha, "subject": commit.subject, "dirty": commit.dirty}, save=save)


async def _found(work: Work) -> Commit:
    sources, there = work.parts.sources, work.cloud.clones_itself
    if there and slug_of(work.repository.location) is None:
        await work.narration.say(
            f"{work.repository.location} is not on GitHub: DevGem reads a copy of its own to plan the build, "
            f"and the {work.cloud.name} cloud fetches it once more."
        )
    read = sources.look if there else sources.fetch
    commit, tree = await read(work.repository, user=await work.user())
    for note in tree.notes:
        await work.narration.say(note)
    if edited := await _edited_revision(work):
        await work.narration.say(
            f"v{edited} is live with edits made in DevGem. This deployment is the repository's own code, without them."
        )
    return commit


def _out_of_reach(work: Work) -> Failure:
    return Failure(
        "source_out_of_reach",
        cause=f"The {work.cloud.name} cloud fetches the code itself, and {work.repository.location} is on this machine",
        fix="Push it to a git host and deploy that address, or deploy it with --cloud local.",
    )


async def _edited_revision(work: Work) -> int | None:
    """The number of the live revision, if it has edits."""
    async with work.parts.store.read() as transaction:
        live = (await transaction.apps.get(work.app)).live
        rows = await transaction.revisions.of(work.app) if live else []
    return next((row.number for row in rows if row.number == live and row.edits), None)
