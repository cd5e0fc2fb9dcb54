"""Which finding decides whether an app is a server, a site or a worker."""

from dataclasses import replace

from devgem.domain.plan import Kind
from devgem.stack.evidence import Findings

_DECISIVE = (
    *("listens", "output", "adapter", "ssr", "spa", "preset", "target", "builder", "executor"),
    *("framework", "static_root", "start"),
)


def show_kind(found: Findings, kind: Kind) -> None:
    """What decides between a server and a site is also the evidence for it."""
    evidence = {one.claim: one for one in found.all()}
    cause = next((evidence[claim] for claim in _DECISIVE if claim in evidence), None)
    if cause and kind is not Kind.UNKNOWN:
        found.add_evidence(replace(cause, claim="kind", value=kind.value))
