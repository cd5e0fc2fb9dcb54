"""Brings edits back to where their code came from: a branch, and a pull request where there is a token for one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import DevGemError, SourceError, Unavailable
from devgem.domain.ids import app_name_from
from devgem.source import Change, Pushed, Sources
from devgem.source.credentials import basic
from devgem.source.errors import refusal
from devgem.source.github import GitHub, PullRequest, slug_of
from devgem.source.push import PREFIX

_SUBJECT_LIMIT = 72
Announce = Callable[[Mapping[str, str]], Awaitable[None]]


@dataclass(frozen=True)
class Publication:
    """`branch` is what was pushed before: its name, tip (`sha`), and the tip before that (`before`)."""

    repository: Repository
    commit: Commit
    patch: str
    title: str
    body: str
    branch: Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """What came of it: `branch` and `sha` once they are pushed, `url` of the pull request once it is open. `detail`
    says why there is no more, and what to do; `patch` is for `git apply`."""

    patch: str
    branch: str | None = None
    sha: str | None = None
    url: str | None = None
    detail: str = ""


class Publisher:
    def __init__(self, sources: Sources, github: GitHub) -> None:
        self._sources = sources
        self._github = github

    async def publish(self, order: Publication, token: str | None, announce: Announce) -> Published:
        """`announce` is told of the branch before it is pushed, so that it is known as our own whatever happens."""
        kept = Published(order.patch)
        slug = slug_of(order.repository.location)
        if slug is None:
            token = None  # it is GitHub's, and is shown to nobody else
        if token is None and self._sources.needs_authorization(order.repository):
            return replace(kept, detail="There is no credential to push with. The edits are kept as a patch.")
        try:
            pushed = await self._push(order, token, announce)
        except SourceError as error:
            return replace(kept, detail=f"{error.message}. {error.fix}")
        kept = replace(kept, branch=pushed.branch, sha=pushed.sha)
        if token is None or slug is None:
            return replace(kept, detail="The branch is pushed. Open a pull request for it where the repository is.")
        try:
            return replace(kept, url=await self._pull_request(order, pushed, slug, token))
        except (SourceError, Unavailable) as error:
            return replace(kept, detail=_refused(order, error))

    async def _push(self, order: Publication, token: str | None, announce: Announce) -> Pushed:
        own = {tip for tip in (order.branch.get("sha"), order.branch.get("before")) if tip}
        change = Change(
            base=order.commit.sha,
            patch=order.patch,
            branch=order.branch.get("name", app_name_from(order.title)).removeprefix(PREFIX),
            message=f"{order.title.strip()[:_SUBJECT_LIMIT]}\n\n{order.body}".strip(),
            own=own,
        )

        async def announce_tips(pushed: Pushed) -> None:
            before = order.branch.get("sha", "")
            await announce({"name": pushed.branch, "sha": pushed.sha, "before": before})

        return await self._sources.push(
            order.repository, order.commit, change, announce_tips, authorization=basic(token)
        )

    async def _pull_request(self, order: Publication, pushed: Pushed, slug: str, token: str) -> str:
        request = PullRequest(pushed.branch, pushed.default or "main", order.title.strip(), order.body)
        return await self._github.open_pull(slug, request, token)


def _refused(order: Publication, error: DevGemError) -> str:
    """The branch is pushed by then."""
    if isinstance(error, SourceError) and error.code == "pull_request_refused":
        return f"{error.message}. {error.fix}"
    refused = refusal("pull_request_refused", url=order.repository.location, detail=error.message)
    return f"{refused.message}. {refused.fix}"
