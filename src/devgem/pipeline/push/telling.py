"""Tells GitHub what its commits and pull requests came to: each state once, whatever dies in between.

What is to be told is found in the state of the deployments, which folds their logs. Before GitHub is told, that is
noted; whoever finds such a note without its end asks GitHub first whether it was told.
"""

import logging
from datetime import datetime, timedelta

from devgem.domain.deployment import Deployment, fold
from devgem.domain.errors import DevGemError, SourceError
from devgem.domain.event import EventType
from devgem.pipeline.clock import now
from devgem.pipeline.push.wording import comment_of, mark_of, status_of
from devgem.source import Tokens
from devgem.source.github import GitHub
from devgem.source.github import Status as CommitStatus
from devgem.store import CommitReport, PullRow, PullState, Store

_log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=1)
_ATTEMPTS = 12
_LONGEST_WAIT_SECONDS = 600.0


class Telling:
    """`site` is the dashboard's address, as GitHub's users reach it."""

    def __init__(self, store: Store, github: GitHub, token_of: Tokens, *, site: str) -> None:
        self._store = store
        self._github = github
        self._token_of = token_of
        self._site = site

    async def tell(self) -> None:
        """Once around all that is not settled. Raises Unavailable when the database is away."""
        async with self._store.read() as transaction:
            reports = await transaction.commit_reports.due(now=now())
            pulls = await transaction.pull_requests.due(now=now())
        for report in reports:
            await self._report(report)
        for pull in pulls:
            await self._comment(pull)

    async def _report(self, report: CommitReport) -> None:
        deployment = await self._deployment(report.deployment)
        if deployment is None:
            return  # it is about to be made
        status = status_of(deployment, self._site)
        is_last = deployment.status.is_terminal
        if status.state == report.told:
            if is_last:
                await self._settle(report)
            return
        token = await self._credential(report.owner, f"{report.slug}@{report.sha[:12]}")
        if token is None:
            await self._settle(report)
            return
        async with self._store.write() as transaction:
            if not await transaction.commit_reports.begin(report, status.state, until=now() + _LEASE):
                return
        try:
            await self._set_status(report, status, token)
        except DevGemError as error:
            await self._put_off(report, error)
            return
        async with self._store.write() as transaction:
            await transaction.commit_reports.finish(report, status.state, settled=is_last, next_at=now())

    async def _set_status(self, report: CommitReport, status: CommitStatus, token: str) -> None:
        is_told = report.telling == status.state and status in await self._github.statuses(
            report.slug, report.sha, token
        )
        if not is_told:
            await self._github.set_status(report.slug, report.sha, status, token)

    async def _comment(self, pull: PullRow) -> None:
        deployment = await self._deployment(pull.deployment) if pull.deployment else None
        if pull.state is PullState.SHOWN and deployment is not None and await self._is_gone(pull):
            deployment = None
        elif pull.state is PullState.SHOWN and deployment is None:
            return  # it is about to be made
        text = comment_of(pull, deployment, self._site)
        settled = pull.state is not PullState.SHOWN or deployment is None or deployment.status.is_terminal
        never_said = pull.state is PullState.CLOSED and pull.comment is None and not pull.told
        token = None
        if text != pull.told and not never_said:
            token = await self._credential(pull.owner, f"{pull.slug}#{pull.number}")
        if token is None:
            async with self._store.write() as transaction:
                await transaction.pull_requests.told(
                    pull, pull.told, comment=pull.comment, settled=settled, next_at=pull.next_at
                )
            return
        async with self._store.write() as transaction:
            if not await transaction.pull_requests.begin(pull, until=now() + _LEASE):
                return
        try:
            comment = await self._write(pull, text, token)
        except DevGemError as error:
            await self._put_off(pull, error)
            return
        async with self._store.write() as transaction:
            await transaction.pull_requests.told(pull, text, comment=comment, settled=settled, next_at=now())

    async def _write(self, pull: PullRow, text: str, token: str) -> int | None:
        comment = pull.comment
        if comment is None:
            comment = await self._own(pull, token)
        if comment is None:
            return await self._github.add_comment(pull.slug, pull.number, text, token)
        await self._github.change_comment(pull.slug, comment, text, token)
        return comment

    async def _own(self, pull: PullRow, token: str) -> int | None:
        """The comment that a process wrote which has not lived to note it. Anybody can write one that looks like it."""
        known = [
            one
            for one in await self._github.comments(pull.slug, pull.number, token)
            if one.text.startswith(mark_of(pull))
        ]
        writer = (await self._github.user(token)).login if known else ""
        return next((one.id for one in known if one.author == writer), None)

    async def _deployment(self, id: str) -> Deployment | None:
        """Its state; from its log when it was removed with its app. None when there is none yet."""
        async with self._store.read() as transaction:
            row = await transaction.deployments.find(id)
        if row is not None:
            return row.state
        state, after = None, 0
        while batch := await self._store.events(f"deployment:{id}", after=after):
            for event in batch:
                state = state if event.type == EventType.LOG else fold(state, event)
            after = batch.last
        return state

    async def _is_gone(self, pull: PullRow) -> bool:
        async with self._store.read() as transaction:
            return await transaction.deployments.find(str(pull.deployment)) is None

    async def _credential(self, owner: str, what: str) -> str | None:
        try:
            token = await self._token_of(owner)
        except DevGemError as error:
            _log.warning("%s is not told what became of it: %s", what, error.message)
            return None
        if token is None:
            _log.info("%s is not told what became of it: %s is not signed in to GitHub", what, owner)
        return token

    async def _settle(self, report: CommitReport) -> None:
        async with self._store.write() as transaction:
            await transaction.commit_reports.finish(report, report.told, settled=True, next_at=now())

    async def _put_off(self, row: CommitReport | PullRow, error: DevGemError) -> None:
        is_last = isinstance(error, SourceError) or row.attempts + 1 >= _ATTEMPTS
        _log.warning("GitHub was not told of %s: %s", row.sha[:12], error.message)
        async with self._store.write() as transaction:
            if isinstance(row, CommitReport):
                await transaction.commit_reports.put_off(row, until=_later(row.attempts), settled=is_last)
            else:
                await transaction.pull_requests.put_off(row, until=_later(row.attempts), settled=is_last)


def _later(attempts: int) -> datetime:
    return now() + timedelta(seconds=min(5.0 * 2**attempts, _LONGEST_WAIT_SECONDS))
