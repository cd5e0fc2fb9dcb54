"""Decides whether, when and at which endpoint a call that costs quota may go."""

from devgem.quota.ask import Ask, Lease, Outcome, Priority, Refusal, Verdict, Wait
from devgem.quota.board import Board, EndpointState, Usage
from devgem.quota.endpoint import Endpoint, Limits
from devgem.quota.ledger import Ledger, Waiting
from devgem.quota.memory import MemoryLedger
from devgem.quota.quota import Quota

__all__ = [
    "Ask",
    "Board",
    "Endpoint",
    "EndpointState",
    "Lease",
    "Ledger",
    "Limits",
    "MemoryLedger",
    "Outcome",
    "Priority",
    "Quota",
    "Refusal",
    "Usage",
    "Verdict",
    "Wait",
    "Waiting",
]
