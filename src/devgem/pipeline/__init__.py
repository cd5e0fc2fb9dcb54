"""The durable deployment workflow: ordered idempotent steps, retry, cancel, rollback; appends every event."""

from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.request import DEADLINES_SECONDS, DeployRequest, Limits, Rollback

__all__ = ["DEADLINES_SECONDS", "DeployRequest", "Limits", "Pipeline", "Rollback"]
