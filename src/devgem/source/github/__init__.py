"""GitHub by its REST API: repositories, commits, files, statuses, pull requests; answers cached, limits kept."""

from devgem.source.github.api_tree import ApiTree
from devgem.source.github.client import API, GitHub, slug_of
from devgem.source.github.model import (
    Account,
    Branch,
    CommitInfo,
    Comparison,
    Listing,
    OpenPull,
    PullRequest,
    RepositoryInfo,
    Status,
)

__all__ = [
    "API",
    "Account",
    "ApiTree",
    "Branch",
    "CommitInfo",
    "Comparison",
    "GitHub",
    "Listing",
    "OpenPull",
    "PullRequest",
    "RepositoryInfo",
    "Status",
    "slug_of",
]
