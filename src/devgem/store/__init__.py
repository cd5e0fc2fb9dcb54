"""The database: tables, migrations, queries, the append-only event log and `follow`."""

from devgem.store.app_settings import AppSettings
from devgem.store.approvals import Approval, ApprovalStatus, Field
from devgem.store.apps import AppRow
from devgem.store.batch import Batch
from devgem.store.callers import CallerRow
from devgem.store.calls import CallRow, CallStatus
from devgem.store.commit_reports import CommitReport
from devgem.store.config_vars import ConfigVar
from devgem.store.conversations import Conversation
from devgem.store.deliveries import Delivery
from devgem.store.deployments import DeploymentRow, Order
from devgem.store.events import Fact, StreamState, apps_stream
from devgem.store.github_grants import GitHubGrant, GrantKind
from devgem.store.grants import Grant, Issued, TokenKind
from devgem.store.histories import Turn, TurnStatus
from devgem.store.idempotency import Answer, Replay
from devgem.store.pull_requests import PullRow, PullState
from devgem.store.revisions import RevisionRow
from devgem.store.sessions import Session
from devgem.store.store import Store, Transaction
from devgem.store.users import User
from devgem.store.vault import Vault
from devgem.store.workspaces import WorkspaceRow

__all__ = [
    "Answer",
    "AppRow",
    "AppSettings",
    "Approval",
    "ApprovalStatus",
    "Batch",
    "CallRow",
    "CallStatus",
    "CallerRow",
    "CommitReport",
    "ConfigVar",
    "Conversation",
    "Delivery",
    "DeploymentRow",
    "Fact",
    "Field",
    "GitHubGrant",
    "Grant",
    "GrantKind",
    "Issued",
    "Order",
    "PullRow",
    "PullState",
    "Replay",
    "RevisionRow",
    "Session",
    "Store",
    "StreamState",
    "TokenKind",
    "Transaction",
    "Turn",
    "TurnStatus",
    "User",
    "Vault",
    "WorkspaceRow",
    "apps_stream",
]
