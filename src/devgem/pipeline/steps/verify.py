"""Waits for the proof that the new revision answers, before it gets any traffic."""

from devgem.domain.failure import Failure
from devgem.pipeline.work import Done, Outcome, Work


async def verify(work: Work) -> Outcome:
    revision = await work.revision()
    proof = await work.listen(work.cloud.verify(revision))
    if isinstance(proof, Failure):
        return proof
    return Done(
        {
            "status": proof.status,
            "first_byte_seconds": proof.first_byte_seconds,
            "port": proof.port,
            "notes": list(proof.notes),
        }
    )
