"""Push to deploy: what GitHub's webhooks bring about, and what GitHub is told of it."""

from devgem.pipeline.push.pushes import Pushes

__all__ = ["Pushes"]
