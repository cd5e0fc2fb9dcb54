"""Finds the commit, and brings its files here."""

from devgem.pipeline.work import Done, Outcome, Work
from devgem.store import Transaction


async def fetch(work: Work) -> Outcome:
    commit, tree = await work.parts.sources.fetch(work.repository)
    for note in tree.notes:
        await work.narration.say(note)

    async def save(transaction: Transaction) -> None:
        await transaction.deployments.found(work.id, commit=commit)

    return Done({"commit": commit.sha, "subject": commit.subject, "dirty": commit.dirty}, save=save)
