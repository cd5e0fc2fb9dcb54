"""The durable deployment workflow: ordered idempotent steps, retry, cancel, rollback; appends every event."""

from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.request import DEADLINES_SECONDS, DeployRequest, Limits, Rollback
from devgem.pipeline.workspaces import OpenWorkspace, Workspaces

__all__ = ["DEADLINES_SECONDS", "DeployRequest", "Limits", "OpenWorkspace", "Pipeline", "Rollback", "Workspaces"]
