"""The durable deployment workflow: ordered idempotent steps, retry, cancel, rollback; appends every event."""

from devgem.pipeline.open_workspace import Diff, OpenWorkspace
from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.request import DEADLINES_SECONDS, DeployRequest, Limits, Rollback
from devgem.pipeline.workspaces import Workspaces

__all__ = [
    "DEADLINES_SECONDS",
    "DeployRequest",
    "Diff",
    "Limits",
    "OpenWorkspace",
    "Pipeline",
    "Rollback",
    "Workspaces",
]
