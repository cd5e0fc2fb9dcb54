"""Finds the commit, and brings its files here."""

from devgem.domain.app import Commit
from devgem.pipeline.work import Done, Outcome, Work
from devgem.store import Transaction


async def fetch(work: Work) -> Outcome:
    commit = work.deployment.order.commit
    if commit is None:
        commit = await _fetched(work)
    else:
        await work.parts.sources.checkout(work.repository, commit)

    async def save(transaction: Transaction) -> None:
        await transaction.deployments.found(work.id, commit=commit)

    return Done({"commit": commit.sha, "subject": commit.subject, "dirty": commit.dirty}, save=save)


async def _fetched(work: Work) -> Commit:
    commit, tree = await work.parts.sources.fetch(work.repository)
    for note in tree.notes:
        await work.narration.say(note)
    if edited := await _edited_revision(work):
        await work.narration.say(
            f"v{edited} is live with edits made in DevGem. This deployment is the repository's own code, without them."
        )
    return commit


async def _edited_revision(work: Work) -> int | None:
    """The number of the live revision, if it has edits."""
    async with work.parts.store.read() as transaction:
        live = (await transaction.apps.get(work.app)).live
        rows = await transaction.revisions.of(work.app) if live else []
    return next((row.number for row in rows if row.number == live and row.edits), None)
