"""A repository on GitHub as a commit and its tree, with no clone of it."""

from devgem.domain.app import Commit, Repository
from devgem.source.errors import refusal
from devgem.source.github.api_tree import ApiTree
from devgem.source.github.blobs import At
from devgem.source.github.client import GitHub, slug_of
from devgem.source.policy import Policy


async def look(
    github: GitHub, repository: Repository, policy: Policy, token: str | None, *, sha: str | None = None
) -> tuple[Commit, ApiTree]:
    """The commit that the repository's ref names now, or the one with this SHA, and its files. Raises SourceError, and
    Unavailable while GitHub cannot be asked."""
    slug = slug_of(repository.location)
    if slug is None:
        raise refusal("bad_source", text=repository.location[:200])
    commit = await github.commit(slug, sha or repository.ref, token)
    return Commit(commit.sha, subject=commit.subject), await ApiTree.open(
        At(github, slug, commit, token), policy, repository.dir
    )
