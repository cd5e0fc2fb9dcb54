"""The files of a fetched commit: listed and judged inside its bare repository, then written to a folder."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devgem.domain.log import clean
from devgem.source.checkouts import Record
from devgem.source.command import Outcome
from devgem.source.complaints import explain
from devgem.source.contents import (
    GITLINK,
    Entry,
    check_contents,
    has_files_of_its_own,
    parse_listing,
)
from devgem.source.errors import refusal
from devgem.source.git import Git, Invocation, reading

_LISTED_BYTES_PER_FILE = 400
_SUBJECT_LIMIT = 200


@dataclass(frozen=True)
class Snapshot:
    """The commit `tip` (or the tag that names one) in the bare repository `repository`, or the folder `prefix` of it
    (empty, or ending in `/`). It is read through the empty repository `view`. `url` is its address in messages."""

    git: Git
    repository: Path
    view: Path
    tip: str
    url: str
    prefix: str = ""

    async def list(self, ref: str) -> tuple[Record, Sequence[Entry]]:
        """What the commit is, and its files, all of them allowed. Raises SourceError."""
        limits = self.git.limits
        shown, listed = await asyncio.gather(
            self._ask("log", "--no-walk", "--format=%H%n%s", self.tip, "--"),
            self._ask("ls-tree", "-r", "-l", "-z", f"{self.tip}:{self.prefix}"),
        )
        sha, _, subject = shown.stdout.decode("utf-8", "replace").partition("\n")
        if not shown.exit_code and not sha:  # a tag may name a lone file
            raise refusal("no_such_ref", url=self.url, ref=ref)
        self._check(shown)
        if self.prefix and listed.exit_code:
            raise refusal("no_such_dir", url=self.url, dir=self.prefix.rstrip("/"))
        if listed.stopped == "output":
            raise refusal("too_many_files", url=self.url, limit=limits.max_files)
        self._check(listed)
        entries = tuple(parse_listing(listed.stdout))
        submodules = tuple(entry.path for entry in entries if entry.mode == GITLINK)
        if not entries:
            raise refusal("empty_repository", url=self.url)
        if submodules and not has_files_of_its_own(entries):
            raise refusal("only_submodules", url=self.url, names=", ".join(submodules[:5]))
        check_contents(entries, limits, self.url)
        return Record(sha, subject=clean(subject.strip())[:_SUBJECT_LIMIT], submodules=submodules), entries

    async def write(self, files: Path) -> None:
        """Writes the files into the empty folder `files`. Raises SourceError."""
        there = {**reading(self.repository, self.view), "GIT_WORK_TREE": str(files)}
        args = ("read-tree", "--reset", "-u", f"{self.tip}:{self.prefix}")
        self._check(
            await self.git(Invocation(args, files, env=there, readable=(self.repository,), writable=(self.view, files)))
        )

    def _ask(self, *args: str) -> Awaitable[Outcome]:
        limit = self.git.limits.max_files * _LISTED_BYTES_PER_FILE
        here = (self.repository, self.view)
        return self.git(Invocation(args, self.view, env=reading(*here), readable=here, output_limit_bytes=limit))

    def _check(self, outcome: Outcome) -> None:
        if outcome.exit_code or outcome.stopped:
            raise explain(outcome, self.git.limits, url=self.url, host="this machine", ref="HEAD")
