"""A compiler: `Tree` to `BuildPlan` to Dockerfile, with the evidence (file and line) behind each decision."""

from devgem.stack.detect import candidates, detect
from devgem.stack.dockerfile import dockerfile, dockerignore

__all__ = ["candidates", "detect", "dockerfile", "dockerignore"]
