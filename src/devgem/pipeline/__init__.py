"""The durable deployment workflow: ordered idempotent steps, retry, cancel, rollback; appends every event."""

from devgem.pipeline.pipeline import Pipeline
from devgem.pipeline.request import DeployRequest, Limits, Rollback

__all__ = ["DeployRequest", "Limits", "Pipeline", "Rollback"]
