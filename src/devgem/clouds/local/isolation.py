"""How well this machine keeps programs apart, as a value; probe.py finds it out by trying."""

from dataclasses import dataclass, field
from enum import StrEnum

from devgem.clouds.local.cgroup import Cgroups
from devgem.domain.app import Check

REQUIRED = frozenset({"--args", "--json-status-fd", "--block-fd", "--ro-bind-data", "--die-with-parent", "--perms"})
"""Options without which bubblewrap is too old (before 0.5, 2021)."""


class Level(StrEnum):
    NONE = "L0"
    """Programs run as the user that runs DevGem and see what that user sees."""
    SANDBOX = "L1"
    """Each program has namespaces, a user id and a system call filter of its own."""


@dataclass(frozen=True)
class Isolation:
    """`detail` and `fix` are for people. `options` are those of the installed bubblewrap, `egress` is true when a box
    can be let out to the internet and to nothing else."""

    level: Level
    detail: str
    fix: str = ""
    egress: bool = False
    options: frozenset[str] = field(default=frozenset(), repr=False)
    cgroups: Cgroups = field(default_factory=Cgroups)

    def check(self, *, own: bool, allow_unsandboxed: bool = False) -> Check:
        """Whether a repository may be built and run here. At L0 only the operator's `own` may, unless told otherwise:
        a stranger's code could read all that the operator can."""
        if self.level is Level.SANDBOX:
            return Check("isolation", True, f"{self.level}: {self.detail}", self.fix)
        if own or allow_unsandboxed:
            return Check("isolation", True, f"{self.level}: no sandbox. {self.detail}", self.fix)
        detail = f"there is no sandbox here ({self.detail}), and this repository is not your own"
        trust = "If you trust this code with all your files, set DEVGEM_ALLOW_UNSANDBOXED=true."
        return Check("isolation", False, detail, f"{self.fix} {trust}".strip())
