"""What GitHub tells, as values: only what DevGem needs of it, bounded, with every text taken for data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Account:
    """`id` never changes; a login may, and may then be somebody else's."""

    id: int
    login: str
    name: str = ""


@dataclass(frozen=True)
class RepositoryInfo:
    """`slug` is owner/name as it is called now; `writable`: its user may push to it."""

    slug: str
    private: bool
    default_branch: str
    pushed_at: datetime | None = None
    description: str = ""
    language: str = ""
    fork: bool = False
    writable: bool = False

    @property
    def owner(self) -> str:
        return self.slug.partition("/")[0]

    @property
    def name(self) -> str:
        return self.slug.partition("/")[2]


@dataclass(frozen=True)
class Listing:
    """All the repositories that a user can reach, those pushed to last first. `as_of` is when GitHub said so; `stale`
    means that it could not be asked again, and `note` says why, or that there are more."""

    items: Sequence[RepositoryInfo]
    as_of: datetime
    stale: bool = False
    note: str = ""


@dataclass(frozen=True)
class Branch:
    name: str
    sha: str


@dataclass(frozen=True)
class CommitInfo:
    """`tree` is the SHA of its files."""

    sha: str
    tree: str
    subject: str
    at: datetime | None = None
    author: str = ""


@dataclass(frozen=True)
class TreeEntry:
    """`mode` is git's; `size` 0 for folders and submodules."""

    path: str
    mode: str
    sha: str
    size: int = 0


@dataclass(frozen=True)
class TreeListing:
    entries: Sequence[TreeEntry]
    truncated: bool


@dataclass(frozen=True)
class Comparison:
    """The paths that differ. `whole` is false when GitHub names only a part of them (300 at most)."""

    paths: Sequence[str]
    whole: bool
    ahead: int = 0
    behind: int = 0


@dataclass(frozen=True)
class Status:
    """What is said of a commit: `state` is error, failure, pending or success; at most 140 characters of description
    are sent. `url` is where its link leads."""

    state: str
    context: str
    description: str = ""
    url: str = ""


@dataclass(frozen=True)
class Comment:
    id: int
    author: str
    text: str


@dataclass(frozen=True)
class PullRequest:
    """What to open: the branch `head`, to be merged into the branch `base`."""

    head: str
    base: str
    title: str
    body: str


@dataclass(frozen=True)
class OpenPull:
    """A pull request that is there. `head_slug` is empty when the fork is gone."""

    number: int
    head_sha: str
    head_slug: str
    url: str
    is_open: bool
