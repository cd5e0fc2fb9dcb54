"""Gives the traffic to the new revision: from here on the deployment cannot be cancelled."""

from devgem.domain.app import Traffic
from devgem.domain.event import EventType
from devgem.pipeline.clock import seconds_since
from devgem.pipeline.work import Cancelled, Done, Outcome, Work, url_of
from devgem.store import Fact, Transaction


async def shift(work: Work) -> Outcome:
    if not await _past_no_return(work):
        return Cancelled()
    revision = await work.revision()
    traffic = Traffic({revision.number: 100})
    await work.cloud.shift(work.app, traffic)
    url = await url_of(work.cloud, revision)

    async def save(transaction: Transaction) -> None:
        await transaction.apps.set_traffic(work.app, traffic, url)
        await transaction.revisions.mark_served(work.app, revision.number)
        if work.deployment.order.reason != "push":
            await transaction.apps.set_push_paused(work.app, False)

    live = {
        "deployment": work.id,
        "app": work.app,
        "url": url,
        "revision": revision.number,
        "seconds": seconds_since(work.deployment.requested_at),
        **await _proof(work, worker=url is None),
    }
    shifted = {"app": work.app, "deployment": work.id, "shares": {str(revision.number): 100}}
    return Done(
        save=save,
        before=[Fact(EventType.TRAFFIC_SHIFTED, shifted)],
        after=[Fact(EventType.DEPLOYMENT_LIVE, live)],
    )


async def _past_no_return(work: Work) -> bool:
    async with work.parts.store.write() as transaction:
        row = await transaction.deployments.get(work.id, lock=True)
        if row.cancel_requested:
            return False
        await transaction.deployments.set_shifting(work.id)
        return True


async def _proof(work: Work, *, worker: bool) -> dict[str, object]:
    async with work.parts.store.read() as transaction:
        event = await transaction.events.find(f"deployment:{work.id}", "verify.finished")
    proof = event.data if event else {}
    return {
        "status": None if worker else proof.get("status"),
        "first_byte_seconds": None if worker else proof.get("first_byte_seconds"),
        "notes": proof.get("notes", []),
    }
