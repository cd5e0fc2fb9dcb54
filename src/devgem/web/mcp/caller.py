"""Who calls over MCP, and what the operator has given them leave to do."""

from dataclasses import dataclass

from devgem.agent.tools import Tier

READ, ACT, DEPLOY = "devgem:read", "devgem:act", "devgem:deploy"

SCOPES = {
    READ: "see your apps, their deployments, logs and files",
    ACT: "edit workspaces, and ask you to approve each deployment, rollback, restart, config var or removal",
    DEPLOY: "deploy, roll back, restart and cancel without asking you each time",
}

CALLER_HEADER = "X-DevGem-Caller"
NAME_HEADER = "X-DevGem-Caller-Name"
SCOPE_HEADER = "X-DevGem-Scope"
_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class Caller:
    """`key` is the same for all calls of one client at work; `name` is what it calls itself. A `local` one is a
    program that the operator has started with their own token."""

    key: str
    name: str
    user: str
    scopes: frozenset[str]
    local: bool = False

    def may(self, tier: Tier) -> bool:
        return scope_of(tier) in self.scopes

    @property
    def is_trusted(self) -> bool:
        """Whether what is visible and can be reversed needs no approval."""
        return DEPLOY in self.scopes


def scope_of(tier: Tier) -> str:
    """What a client needs to be shown a tool at all."""
    return READ if tier <= Tier.UNTRUSTED else ACT


def plain_name(text: str) -> str:
    """A client's own name as it may be shown: short, printable, on one line."""
    name = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(name.split())[:_NAME_CHARACTERS] or "An MCP client"
