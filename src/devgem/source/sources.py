"""Repositories into checkouts: from the cache, over the network, or from a folder."""

import asyncio
import contextlib
import errno
import threading
import time
from collections.abc import AsyncIterator, Callable, Container, Sequence
from dataclasses import replace
from pathlib import Path

from devgem.domain.app import Commit, Repository
from devgem.domain.errors import SourceError
from devgem.domain.tree import Tree
from devgem.source.addresses import Resolve, resolve_host
from devgem.source.checkouts import Checkout, Checkouts, Record
from devgem.source.command import Run, run_directly
from devgem.source.contents import Entry, check_links, lfs_pointers, notes_of, served_pointers
from devgem.source.credentials import Credentials, Tokens, basic, no_tokens
from devgem.source.edited import write_edited
from devgem.source.errors import refusal
from devgem.source.fetch import Fetch
from devgem.source.folder import check_folder, copy_folder, list_folder
from devgem.source.git import Git, make_bare
from devgem.source.github import GitHub, slug_of
from devgem.source.github.looking import look
from devgem.source.patched import PatchedTree
from devgem.source.policy import Policy
from devgem.source.push import Announce, Change, Push, Pushed, check_pushable
from devgem.source.remote import Remote, Remotes
from devgem.source.snapshot import Snapshot
from devgem.source.tree import FolderTree, NotedTree
from devgem.source.workspace.patch import patch_digest

_PERHAPS_OUR_CACHE = frozenset({"git_failed", "corrupt_repository"})
_KEPT_PACKS = 20


class Sources:
    """Fetches repositories into `root`, a folder of its own, with the git commands run by `run`. `authorization`,
    where given, is the value of the HTTP header of that name; it goes to the repository's own host only. `user` is who
    asks: what is on GitHub is read with their token, which `tokens` gives. `github` reads without a checkout."""

    def __init__(
        self,
        root: Path,
        policy: Policy,
        run: Run = run_directly,
        *,
        resolve: Resolve = resolve_host,
        github: GitHub | None = None,
        tokens: Tokens = no_tokens,
    ) -> None:
        self._policy = policy
        self._github = github
        self._credentials = Credentials(tokens)
        self._checkouts = Checkouts(root)
        self._git = Git(run, policy)
        self._remotes = Remotes(policy, resolve)

    async def fetch(
        self, repository: Repository, *, user: str | None = None, authorization: str | None = None
    ) -> tuple[Commit, FolderTree]:
        """The commit that the repository's ref names now (or its folder's working state), and its files. Raises
        SourceError."""
        found = await self._fetch_as(repository, repository.ref, user, authorization)
        return found.record.commit, FolderTree(found.files, _check_app(repository, found))

    async def look(self, repository: Repository, *, user: str | None = None) -> tuple[Commit, NotedTree]:
        """As `fetch`, but for what is on GitHub with no clone: its files are read through the API. Raises SourceError,
        and Unavailable while GitHub cannot be asked."""
        github = self._github
        if github is None or slug_of(repository.location) is None:
            return await self.fetch(repository, user=user)
        async with self._bounds(repository):
            return await self._credentials.reading(
                repository, user, lambda token: look(github, repository, self._policy, token)
            )

    async def tree(self, repository: Repository, commit: Commit, patch: str = "", *, user: str | None = None) -> Tree:
        """As `checkout`, but read as `look` reads."""
        github = self._github
        if github is None or slug_of(repository.location) is None:
            return FolderTree(await self.checkout(repository, commit, patch, user=user))
        async with self._bounds(repository):
            _, found = await self._credentials.reading(
                repository, user, lambda token: look(github, repository, self._policy, token, sha=commit.sha)
            )
            return await PatchedTree.of(found, patch) if patch else found

    async def checkout(
        self,
        repository: Repository,
        commit: Commit,
        patch: str = "",
        *,
        user: str | None = None,
        authorization: str | None = None,
    ) -> Path:
        """The files of exactly this commit, with a patch on it if one is given, as a folder, which must not be changed.
        Raises SourceError; InvalidInput or Conflict when the patch is not one of this commit."""
        edits = patch_digest(patch)
        edited = self._checkouts.find(repository.location, commit.sha, edits) if edits else None
        if edited:
            return edited.files
        found = self._checkouts.find(repository.location, commit.sha)
        if found is None:
            working_state = repository.is_folder and repository.ref is None
            found = await self._fetch_as(repository, None if working_state else commit.sha, user, authorization)
        if found.record.sha != commit.sha:
            raise refusal("folder_changed", path=repository.location)
        return (await self._edit(repository, found, patch)).files if patch else found.files

    async def push(
        self, repository: Repository, commit: Commit, change: Change, announce: Announce, *, authorization: str | None
    ) -> Pushed:
        """Pushes a patch on top of a commit as a branch; see push.py. Raises SourceError."""
        check_pushable(change, commit.dirty, repository.location)
        if repository.is_folder:
            remote, prefix = self._remotes.folder(Path(repository.location))
        else:
            remote, prefix = await self._remotes.at(repository.location, authorization), ""
        async with self._bounds(repository), self._job() as job:
            for name in ("git", "view", "fetched"):
                make_bare(job / name)
            await Fetch(self._git, remote, job / "git", job / "fetched").bring(change.base)
            return await Push(self._git, remote, job / "git", job / "view").send(
                replace(change, prefix=prefix), announce
            )

    def needs_authorization(self, repository: Repository) -> bool:
        """Whether nothing can be pushed there without a credential of its own: ssh has the operator's keys."""
        return repository.location.startswith(("https://", "http://"))

    async def prune(self, keep: Container[str]) -> None:
        """Removes the checkouts of commits whose SHA is not in `keep`, except those used within the last hour."""
        await asyncio.to_thread(self._checkouts.prune, keep, time.time())

    async def _fetch_as(
        self, repository: Repository, ref: str | None, user: str | None, authorization: str | None
    ) -> Checkout:
        async with self._bounds(repository):
            return await self._credentials.reading(
                repository, user, lambda token: self._fetch(repository, ref, authorization or basic(token))
            )

    async def _fetch(self, repository: Repository, ref: str | None, authorization: str | None) -> Checkout:
        if not repository.is_folder:
            remote = await self._remotes.at(repository.location, authorization)
            return await self._fetch_remote(repository, remote, ref)
        folder = Path(repository.location)
        check_folder(folder)
        if ref is None:
            return await self._copy_folder(repository)
        remote, prefix = self._remotes.folder(folder)
        return await self._fetch_remote(repository, remote, ref, prefix)

    async def _edit(self, repository: Repository, plain: Checkout, patch: str) -> Checkout:
        async with self._bounds(repository), self._job() as job:

            def write(stop: threading.Event) -> Checkout:
                write_edited(plain.files, patch, job / "files", stop)
                return self._checkouts.keep(repository.location, job / "files", plain.record, patch_digest(patch))

            return await _in_thread(write)

    async def _copy_folder(self, repository: Repository) -> Checkout:
        folder = Path(repository.location)
        async with self._job() as job:
            files, empty = job / "files", job / "empty"
            files.mkdir()
            make_bare(empty)
            listing = await list_folder(self._git, folder, empty)

            def copy(stop: threading.Event) -> Checkout:
                record, entries = copy_folder(folder, listing, files, self._policy, stop)
                known = self._checkouts.find(repository.location, record.sha)
                return known or self._keep(repository, files, record, entries)

            return await _in_thread(copy)

    async def _fetch_remote(
        self, repository: Repository, remote: Remote, ref: str | None, prefix: str = ""
    ) -> Checkout:
        async with self._job() as job:
            into = job / "git"
            if self._checkouts.take_repository(repository.location, into):
                try:
                    return await self._bring(repository, remote, ref, prefix, into)
                except SourceError as error:
                    if error.code not in _PERHAPS_OUR_CACHE:
                        raise
        async with self._job() as job:
            make_bare(job / "git")
            return await self._bring(repository, remote, ref, prefix, job / "git")

    async def _bring(
        self, repository: Repository, remote: Remote, ref: str | None, prefix: str, into: Path
    ) -> Checkout:
        view = into.with_name("view")
        make_bare(view)
        tip = await Fetch(self._git, remote, into, view).bring(ref)
        found = self._checkouts.find(repository.location, tip)
        if found is None:
            snapshot = Snapshot(self._git, into, view, tip, remote.shown, prefix)
            found = await self._write(repository, snapshot, ref or "HEAD", into.with_name("files"))
        if len(list((into / "objects/pack").glob("*.pack"))) <= _KEPT_PACKS:
            self._checkouts.put_repository(repository.location, into)
        return found

    async def _write(self, repository: Repository, snapshot: Snapshot, ref: str, files: Path) -> Checkout:
        record, entries = await snapshot.list(ref)
        if found := self._checkouts.find(repository.location, record.sha):  # the ref was a tag's
            return found
        files.mkdir()
        await snapshot.write(files)
        return await _in_thread(lambda stop: self._keep(repository, files, record, entries))

    def _keep(self, repository: Repository, files: Path, record: Record, entries: Sequence[Entry]) -> Checkout:
        check_links(files, entries)
        record = replace(record, lfs_pointers=lfs_pointers(files, entries))
        return self._checkouts.keep(repository.location, files, record)

    @contextlib.asynccontextmanager
    async def _job(self) -> AsyncIterator[Path]:
        await self._git.check()
        job = self._checkouts.begin()
        try:
            yield job.folder
        finally:
            await asyncio.to_thread(job.end)

    @contextlib.asynccontextmanager
    async def _bounds(self, repository: Repository) -> AsyncIterator[None]:
        """Bounds the time, and gives a full disk its name."""
        seconds = self._policy.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise refusal("too_slow", url=repository.location, limit=f"{seconds:g}") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise refusal("disk_full", url=repository.location) from error
            raise


def _check_app(repository: Repository, found: Checkout) -> list[str]:
    """What to tell about the checkout. Raises SourceError when the app's folder is not there, or not really."""
    record, dir = found.record, repository.dir
    if not (found.files / dir).is_dir():
        raise refusal("no_such_dir", url=repository.location, dir=dir)
    if served := served_pointers(record.lfs_pointers, dir):
        raise refusal("lfs_pointers", path=served[0], others=len(served) - 1)
    return notes_of(record.submodules, record.lfs_pointers)


async def _in_thread(work: Callable[[threading.Event], Checkout]) -> Checkout:
    """Runs it in a thread. Cancelled, it tells the thread to stop, and waits: nothing may go on writing into a folder
    that is being removed."""
    stop = threading.Event()
    thread = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([thread])
        thread.exception()
        raise
