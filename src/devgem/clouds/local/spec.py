"""What the edge must know of a revision to run it, and keeps on disk to bring it back by itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from devgem.domain.app import Revision
from devgem.domain.plan import Kind


@dataclass(frozen=True)
class Spec:
    """`image` is a digest. `port` is the value of PORT. `env` are the run-time config vars, every one a secret."""

    app: str
    number: int
    image: str
    kind: Kind
    port: int = 8080
    health_path: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    env_names: tuple[str, ...] = ()
    env_required: tuple[str, ...] = ()
    memory_bytes: int = 512 << 20
    cpus: float = 1.0
    processes: int = 256

    @classmethod
    def of(cls, revision: Revision) -> Self:
        plan, resources = revision.plan, revision.resources
        return cls(
            app=revision.app,
            number=revision.number,
            image=revision.image.digest,
            kind=plan.stack.kind,
            port=plan.port,
            health_path=plan.health_path,
            env=dict(revision.env),
            env_names=plan.env_names,
            env_required=plan.env_required,
            memory_bytes=resources.memory_bytes,
            cpus=resources.cpus,
            processes=resources.processes,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Keys of a newer DevGem are left out. Raises KeyError, TypeError or ValueError for what is no spec."""
        known = {f.name: found[f.name] for f in fields(cls) if f.name in found}
        known |= {name: tuple(known[name]) for name in ("env_names", "env_required") if name in known}
        return cls(**{**known, "kind": Kind(known["kind"])})
