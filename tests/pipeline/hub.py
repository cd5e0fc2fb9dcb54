"""A pipeline with push to deploy, and a GitHub that it talks with."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from devgem.domain.app import Commit, Repository
from devgem.domain.deployment import Deployment
from devgem.pipeline import DeployRequest, Limits
from devgem.pipeline.push import Pushes
from devgem.source.github import GitHub
from devgem.source.hooks import Ignored, read_event
from devgem.store import DeploymentRow, PullRow
from tests.pipeline.conftest import House, open_house
from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, pull_request_payload, push_payload, serving_api

SLUG = "ada/shop"
SITE = "https://devgem.example"
ZEROS = "0" * 40


@dataclass
class Hub:
    """The repository ada/shop at GitHub, and what DevGem makes of its webhooks."""

    house: House
    github: GitHubApi
    work: GitRepository
    pushes: Pushes
    api: GitHub

    def commit(self, files: dict[str, str | bytes] | None = None, *, slug: str = SLUG, **behaviour: Any) -> str:
        """A new commit at GitHub; what its code does is its behaviour."""
        text = json.dumps({**behaviour, "n": uuid4().hex})
        sha = self.work.commit({"behaviour.json": text, **(files or {})})
        self.work.git("push", "--quiet", "--force", str(self.github.root / SLUG), "HEAD:main")
        checkout = self.house.folder / "checkouts" / sha
        checkout.mkdir(parents=True)
        (checkout / "behaviour.json").write_text(text)
        return sha

    async def deploy(self, name: str = "shop", *, ref: str | None = None, **env: str) -> str:
        """An app of the repository that is live; its commit."""
        sha = self.commit()
        repository = Repository(f"https://github.com/{SLUG}", ref)
        deployment = await self.house.pipeline.deploy(DeployRequest(repository, app=name, commit=Commit(sha), env=env))
        await self.house.ended(deployment.id)
        return sha

    async def send(self, name: str, payload: dict[str, Any]) -> bool:
        """A webhook comes in; whether it is new, False also for one that starts nothing."""
        body = json.dumps(payload).encode()
        event = read_event(name, json.loads(body))
        return not isinstance(event, Ignored) and await self.pushes.receive(uuid4().hex, body, event)

    async def push(self, before: str, sha: str, **more: Any) -> bool:
        return await self.send("push", push_payload(SLUG, "refs/heads/main", before, sha, **more))

    async def pull(self, number: int, action: str, sha: str, *, head_slug: str = "", at: int = 0) -> bool:
        payload = pull_request_payload(SLUG, number, action, sha, head_slug=head_slug)
        payload["pull_request"]["updated_at"] = f"2026-11-29T12:00:{at:02}Z"
        return await self.send("pull_request", payload)

    async def deployments(self, app: str = "shop") -> list[DeploymentRow]:
        async with self.house.store.read() as transaction:
            return await transaction.deployments.page(app=app)

    async def deployed(self, app: str, sha: str) -> Deployment:
        """The deployment of this commit, once it has ended."""
        async with asyncio.timeout(60):
            while True:
                for row in await self.deployments(app):
                    if row.order.commit is not None and row.order.commit.sha == sha:
                        return await self.house.ended(row.id)
                await asyncio.sleep(0.02)

    async def row(self, number: int, app: str = "shop") -> PullRow | None:
        async with self.house.store.read() as transaction:
            return await transaction.pull_requests.find(app, number)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not reached():
                await asyncio.sleep(0.02)

    async def dealt_with(self) -> None:
        """Returns once no webhook waits."""
        async with asyncio.timeout(60):
            while await self._waiting():
                await asyncio.sleep(0.02)

    async def _waiting(self) -> bool:
        import sqlalchemy as sa

        from devgem.store import tables

        query = sa.select(tables.deliveries.c.id).where(tables.deliveries.c.document.is_not(None))
        async with self.house.store.read() as transaction:
            return (await transaction.deliveries._connection.execute(query)).first() is not None

    def statuses(self, sha: str, context: str = "devgem/shop") -> list[dict[str, Any]]:
        """What GitHub was told of a commit, oldest first."""
        known = self.github.world.statuses.get(SLUG, [])
        return [one for one in known if (one["sha"], one["context"]) == (sha, context)]

    def comments(self) -> list[str]:
        return [comment["body"] for comment in self.github.world.comments.get(SLUG, [])]


@asynccontextmanager
async def open_hub(folder: Path, token: str | None = "", limits: Limits | None = None) -> AsyncIterator[Hub]:
    """`token` None: nobody is signed in to GitHub."""
    root = folder / "github"
    work = GitRepository(folder / "work")
    work.commit({"README": "A shop"})
    work.bare(root / SLUG)
    with serving_api(root) as github:
        given = github.token if token == "" else token

        async def token_of(user: str) -> str | None:
            return given

        async with open_house(folder, limits) as house:
            api = GitHub(github.url)
            pushes = Pushes(house.store, house.pipeline, api, token_of, site=SITE, poll_seconds=0.05)
            await pushes.start()
            try:
                yield Hub(house, github, work, pushes, api)
            finally:
                with suppress(RuntimeError):
                    await pushes.close()
                await api.close()
