"""One commit of a remote repository, brought into a bare repository on this machine: one round trip if possible."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from devgem.domain.errors import SourceError
from devgem.source.command import Outcome
from devgem.source.complaints import explain, http_status, lacks_ref
from devgem.source.errors import refusal
from devgem.source.git import Git, Invocation, at, make_bare, reading
from devgem.source.remote import Remote, redirected

_FETCHED = "refs/devgem/fetched"
_REDIRECTS = 3
_REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})
_LOCATION = re.compile(r"<= Recv header: location: *(\S+)", re.IGNORECASE)
_SMART = "application/x-git-upload-pack-advertisement"
_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{4,39}")
_LIST_LIMIT_BYTES = 64 << 20


@dataclass(frozen=True)
class Fetch:
    """From `remote` into the bare repository `into`; `view` is an empty one, to read what was fetched."""

    git: Git
    remote: Remote
    into: Path
    view: Path

    async def bring(self, ref: str | None) -> str:
        """Brings what `ref` names (None: the default branch); a tag before a branch of the same name, as git does.
        Returns the SHA of the commit, or of the tag that names it."""
        outcome = await self._talk("fetch", f"+{ref or 'HEAD'}:{_FETCHED}", options=("--depth=1",))
        if not lacks_ref(outcome):
            self._check(outcome, ref)
            return self._fetched()
        if ref is None:
            raise await self._nothing_at_head()
        if _SHORT_SHA.fullmatch(ref):
            return await self.bring(await self._full_sha(ref))
        raise refusal("no_such_ref", url=self.remote.shown, ref=ref)

    def _fetched(self) -> str:
        sha = (self.into / _FETCHED).read_text("ascii", "replace").strip()
        if not _SHA.fullmatch(sha):  # not git's writing
            raise refusal("corrupt_repository", url=self.remote.shown, detail=f"{_FETCHED} is not a SHA")
        return sha

    async def _full_sha(self, short: str) -> str:
        """Looks at the tips first; only then at the whole history, of which the commits alone are fetched."""
        found = {sha for sha, _ in await self._tips() if sha.startswith(short)}
        if len(found) > 1:
            raise refusal("ambiguous_ref", url=self.remote.shown, ref=short)
        return found.pop() if found else await self._full_sha_in_history(short)

    async def _full_sha_in_history(self, short: str) -> str:
        history = replace(self, into=self.into.with_name("history"))
        make_bare(history.into)
        branches_and_tags = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        history._check(await history._talk("fetch", *branches_and_tags, options=("--filter=tree:0",)), short)
        name = ("rev-parse", "--verify", f"{short}^{{commit}}")
        here = (history.into, self.view)
        outcome = await self.git(Invocation(name, self.view, env=reading(*here), readable=here))
        if outcome.exit_code:
            code = "ambiguous_ref" if b"ambiguous" in outcome.stderr else "no_such_ref"
            raise refusal(code, url=self.remote.shown, ref=short)
        return outcome.stdout.decode("ascii").strip()

    async def _nothing_at_head(self) -> SourceError:
        heads = sorted(name[11:] for _, name in await self._tips() if name.startswith("refs/heads/"))
        if not heads and self.remote.protocol in ("https", "http") and _SMART not in await self._trace(self.remote):
            return refusal("not_a_repository", url=self.remote.shown)  # a web page; git takes it for a list of no refs
        if not heads:
            return refusal("empty_repository", url=self.remote.shown)
        return refusal("no_default_branch", url=self.remote.shown, branches=", ".join(heads[:5]))

    async def _tips(self) -> list[tuple[str, str]]:
        """(SHA, full name) of every branch and tag."""
        outcome = await self._talk("ls-remote")
        self._check(outcome, None)
        lines = outcome.stdout.decode("utf-8", "replace").splitlines()
        return [(sha, name) for sha, _, name in (line.partition("\t") for line in lines)]

    async def _talk(self, verb: str, *refspecs: str, options: tuple[str, ...] = ()) -> Outcome:
        """One git command to the remote. Redirects are followed here and not by git: each of them is checked."""
        remote = self.remote
        for _ in range(_REDIRECTS + 1):
            outcome = await self.git(self._invocation(remote, verb, refspecs, options))
            if http_status(outcome) not in _REDIRECT_STATUS:
                return outcome
            target = _LOCATION.search(await self._trace(remote))
            remote = redirected(remote, target[1] if target else "")
        raise refusal("too_many_redirects", url=self.remote.shown, limit=_REDIRECTS)

    async def _trace(self, remote: Remote) -> str:
        """The HTTP headers of the first exchange, which git tells to nobody but its trace (credentials masked)."""
        asked = self._invocation(remote, "ls-remote", (), ())
        trace = {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
        return (await self.git(replace(asked, env={**asked.env, **trace}))).stderr.decode("utf-8", "replace")

    def _invocation(self, remote: Remote, verb: str, refspecs: tuple[str, ...], options: tuple[str, ...]) -> Invocation:
        quiet = ("--quiet", "--no-tags", "--no-recurse-submodules") if verb == "fetch" else ()
        return Invocation(
            (verb, *quiet, *options, *remote.options, "--", "origin", *refspecs),
            self.into,
            protocol=remote.protocol,
            settings=(("remote.origin.url", remote.url), *remote.settings),  # a filtered fetch needs a named remote
            env={**remote.env, **at(self.into)},
            readable=remote.readable,
            writable=(self.into,),
            output_limit_bytes=_LIST_LIMIT_BYTES,
        )

    def _check(self, outcome: Outcome, ref: str | None) -> None:
        if outcome.exit_code or outcome.stopped:
            raise explain(outcome, self.git.limits, url=self.remote.shown, host=self.remote.host, ref=ref or "HEAD")
