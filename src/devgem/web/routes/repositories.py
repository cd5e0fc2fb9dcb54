"""Repositories to pick from, and what one is before it is deployed. Nothing here deploys."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as InPath

from devgem.pipeline.inspections import Inspection
from devgem.source.github import RepositoryInfo
from devgem.web.parts import Parts, SignedIn, Who
from devgem.web.schemas import IsolationView, Page
from devgem.web.schemas_repositories import (
    AppSaid,
    AskedView,
    BranchView,
    CommitView,
    FolderView,
    InspectBody,
    InspectionView,
    PowerView,
    RepositoryPage,
    RepositoryView,
)

router = APIRouter(prefix="/api/v1")

_NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, Query(max_length=200, pattern=_NO_NUL)]
Name = Annotated[str, InPath(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


@router.get("/repositories")
async def list_repositories(
    parts: SignedIn, who: Who, q: Text = "", owner: Text = "", cursor: Text = ""
) -> RepositoryPage:
    """Those that the user can reach, those pushed to last first. While GitHub cannot be asked it is the last answer:
    `stale`, with the reason in `note`."""
    token = await parts.github.token(who.user)
    page = await parts.github.picker.page(token, query=q, owner=owner, cursor=cursor)
    return RepositoryPage(
        items=[_repository_view(item) for item in page.items],
        next_cursor=page.next_cursor,
        owners=list(page.owners),
        as_of=page.as_of,
        stale=page.stale,
        note=page.note or None,
        missing_url=parts.github.missing_url,
    )


@router.get("/repositories/{owner}/{name}/branches")
async def list_branches(owner: Name, name: Name, parts: SignedIn, who: Who) -> Page[BranchView]:
    """The default branch first."""
    token = await parts.github.token(who.user)
    found = await parts.github.picker.branches(token, f"{owner}/{name}")
    return Page(items=[BranchView(name=branch.name, sha=branch.sha) for branch in found])


@router.get("/repositories/{owner}/{name}/folders")
async def list_folders(
    owner: Name, name: Name, parts: SignedIn, who: Who, ref: Annotated[str | None, Query(max_length=250)] = None
) -> Page[FolderView]:
    """The folders that can be deployed, `.` for the root."""
    found = await parts.inspections.folders(parts.parse(f"{owner}/{name}", ref, "."), who.user)
    return Page(items=[FolderView(dir=each.dir, summary=each.summary) for each in found])


@router.post("/inspections")
async def inspect(body: InspectBody, parts: SignedIn, who: Who) -> InspectionView:
    """What would be deployed: the commit, pinned, the plan, what runs, what it asks for."""
    found = await parts.inspections.of(parts.parse(body.source, body.ref, body.dir), who.user)
    return _inspection_view(parts, body.source, found)


def _repository_view(item: RepositoryInfo) -> RepositoryView:
    return RepositoryView(
        slug=item.slug,
        owner=item.owner,
        name=item.name,
        private=item.private,
        default_branch=item.default_branch,
        pushed_at=item.pushed_at,
        description=item.description,
        language=item.language,
    )


def _inspection_view(parts: Parts, source: str, found: Inspection) -> InspectionView:
    findings = found.findings
    return InspectionView(
        source=source,
        owner=found.owner,
        commit=CommitView(sha=found.commit.sha, subject=found.commit.subject, at=found.at, dirty=found.commit.dirty),
        private=found.private,
        own=found.own,
        first_seen=found.first_seen,
        plan=findings["plan"],
        dockerfile=findings["dockerfile"],
        runs=findings["runs"],
        widens=[PowerView(**power) for power in findings["widens"]],
        hooks=findings["hooks"],
        env=[AskedView(**asdict(asked)) for asked in found.env],
        app=AppSaid(**findings["app"]) if findings["app"] else None,
        candidates=[FolderView(**candidate) for candidate in findings["candidates"]],
        isolation=IsolationView(level=parts.isolation.level, detail=parts.isolation.detail),
        note=found.note,
    )
