"""Edits as a commit on a branch of their own, pushed to the repository that they were made of.

The branch is always below devgem/: never the default branch, and never one that somebody else has put something on.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from devgem.source.command import Outcome
from devgem.source.complaints import explain
from devgem.source.errors import refusal
from devgem.source.git import Git, Invocation, reading
from devgem.source.location import check_ref
from devgem.source.remote import Remote

PREFIX = "devgem/"
_NAMES = 20
_HEADS = "refs/heads/"
# A local repository may be someone else's: its hooks are not run, as nothing else of it is.
_RECEIVE = "--receive-pack=git -c 'safe.directory=*' -c core.hooksPath=/dev/null receive-pack"
Announce = Callable[["Pushed"], Awaitable[None]]


@dataclass(frozen=True)
class Change:
    """What to push: a patch on top of the commit `base`, for the folder `prefix` of it (empty, or ending in `/`).
    `own` are the tips that a branch of this name may have to be replaced."""

    base: str
    patch: str
    branch: str
    message: str
    prefix: str = ""
    own: Collection[str] = ()


@dataclass(frozen=True)
class Pushed:
    """`default` is the name of the repository's default branch, where it has one."""

    branch: str
    sha: str
    default: str | None


@dataclass(frozen=True)
class Push:
    """To `remote`, out of the bare repository `objects` that holds the commit; `view` is an empty one to work in."""

    git: Git
    remote: Remote
    objects: Path
    view: Path

    async def send(self, change: Change, announce: Announce) -> Pushed:
        """`announce` is told of the branch before anything is sent. Raises SourceError."""
        sha = await self._commit(change)
        heads, default = await self._heads()
        branch, tip = _free_name(change, heads, default, self.remote.shown)
        pushed = Pushed(branch, sha, default)
        await announce(pushed)
        lease = f"--force-with-lease={_HEADS}{branch}:{tip}"
        local = (_RECEIVE,) if self.remote.protocol == "file" else ()
        options = ("--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", lease, *local)
        outcome = await self._talk("push", *options, "--", "origin", f"{sha}:{_HEADS}{branch}")
        if outcome.exit_code or outcome.stopped:
            raise self._refused(outcome)
        return pushed

    async def _commit(self, change: Change) -> str:
        """The SHA of a commit with the patch on it, made without any files but git's own."""
        patch = self.view / "patch"
        patch.write_text(change.patch, newline="")
        (self.view / "shallow").write_text(change.base + "\n")
        directory = (f"--directory={change.prefix.rstrip('/')}",) if change.prefix else ()
        await self._local("read-tree", change.base)
        await self._local("apply", "--cached", "--whitespace=nowarn", *directory, "--", str(patch))
        tree = await self._local("write-tree")
        return await self._local("commit-tree", tree, "-p", change.base, "-m", change.message)

    async def _heads(self) -> tuple[dict[str, str], str | None]:
        """The tips of branches that may be in the way, by name, and the default branch."""
        patterns = ("HEAD", _HEADS + PREFIX.rstrip("/"), f"{_HEADS}{PREFIX}*")
        outcome = await self._talk("ls-remote", "--symref", *self.remote.options, "--", "origin", *patterns)
        if outcome.exit_code or outcome.stopped:
            raise self._refused(outcome)
        rows = [line.split("\t", 1) for line in outcome.stdout.decode("utf-8", "replace").splitlines() if "\t" in line]
        default = next((sha[5:].removeprefix(_HEADS) for sha, name in rows if sha.startswith("ref: ")), None)
        heads = {name.removeprefix(_HEADS): sha for sha, name in rows if name.startswith(_HEADS)}
        return heads, default

    async def _local(self, *args: str) -> str:
        env = {**reading(self.objects, self.view), "GIT_INDEX_FILE": str(self.view / "index"), **_AUTHOR}
        here = (self.objects, self.view)
        outcome = await self.git(Invocation(args, self.view, env=env, readable=here, writable=here))
        if outcome.exit_code or outcome.stopped:
            raise self._refused(outcome)
        return outcome.stdout.decode("ascii", "replace").strip()

    async def _talk(self, verb: str, *args: str) -> Outcome:
        here = (self.objects, self.view)
        return await self.git(
            Invocation(
                (verb, *args),
                self.view,
                protocol=self.remote.protocol,
                settings=(("remote.origin.url", self.remote.url), *self.remote.settings),
                env={**self.remote.env, **reading(self.objects, self.view)},
                readable=self.remote.readable,
                writable=(*here, *self.remote.readable) if self.remote.protocol == "file" else here,
            )
        )

    def _refused(self, outcome: Outcome) -> Exception:
        known = explain(outcome, self.git.limits, url=self.remote.shown, host=self.remote.host, ref="HEAD")
        if outcome.stopped or known.code not in ("git_failed", "repository_private", "commit_unavailable"):
            return known
        lines = (outcome.stdout + outcome.stderr).decode("utf-8", "replace").splitlines()
        told = next((line.strip("!\t ") for line in lines if line.startswith("!")), "") or known.message
        return refusal("push_refused", url=self.remote.shown, detail=told[:300])


_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "DevGem"), ("EMAIL", "devgem@localhost"))
}


def _free_name(change: Change, heads: dict[str, str], default: str | None, url: str) -> tuple[str, str]:
    """The name of a branch that is free or our own, and its tip (empty while there is none)."""
    if PREFIX.rstrip("/") in heads:
        raise refusal("branch_in_the_way", url=url, branch=PREFIX.rstrip("/"))
    for number in range(1, _NAMES + 1):
        name = check_ref(PREFIX + change.branch + (f"-{number}" if number > 1 else ""))
        tip = heads.get(name, "")
        if name != default and (not tip or tip in change.own):
            return name, tip
    raise refusal("branch_in_the_way", url=url, branch=PREFIX + change.branch)


def check_pushable(change: Change, dirty: bool, url: str) -> None:
    """Raises SourceError for what is no change of a commit."""
    if dirty:
        raise refusal("not_committed", path=url)
    if not change.patch:
        raise refusal("nothing_to_push", url=url)
