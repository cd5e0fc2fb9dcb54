"""The proof before the link: what a process that has been started really listens on, and what it answers there.

Nothing is believed, neither the plan nor the program's own words: where it listens is the kernel's account, and that
it answers is an answer. What can be put right without touching the code is put right and noted: another port than the
one it was given, a bind to loopback or IPv6 only, a slow start. What cannot be is a Failure with cause and remedy.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from devgem.clouds.local.http_probe import Answer, NoAnswer, ask
from devgem.clouds.local.process import Address, Process
from devgem.clouds.local.procfs import Listener
from devgem.clouds.local.start_failures import Context, diagnose, of_exit, telling
from devgem.domain.app import Progress, Proof
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import Kind

WELL_KNOWN_PORTS = (8080, 3000, 8000, 5000, 80, 8888, 4000, 5173, 4173, 8501, 7860, 3001, 8081, 9000)
SIDE_PORTS = frozenset({9090, 9091, 9100, 9229, 9464, 5678, 5858, 6060})
"""Where programs that have a web server as well serve metrics or wait for a debugger."""
_CPU_PROGRESS_SECONDS = 0.2
_LOOK_SECONDS = 0.5
_LINES_SHOWN = 500


@dataclass(frozen=True)
class Patience:
    """In seconds. A start may take `quiet` since it last made progress (printed, or used the processor), and `cap` in
    all; one answer may take `answer`; `unwell` is for answers of 500 and above, or that are none, to get better.
    Another port than the given one counts after `other_port`. Who has answered must live on for `settle`; a worker,
    which answers nothing, must live for `worker` since it last used the processor, or for `quiet` in all."""

    quiet: float = 30.0
    cap: float = 180.0
    answer: float = 30.0
    unwell: float = 10.0
    other_port: float = 1.0
    settle: float = 0.1
    worker: float = 2.0


@dataclass(frozen=True)
class Claim:
    """What is to be proven. `host` is the app's public address, as a Host header says it."""

    context: Context
    kind: Kind
    host: str
    health_path: str | None = None


@dataclass(frozen=True)
class Proven:
    """`address` is where to dial; None for a worker."""

    proof: Proof
    address: Address | None


async def prove(
    process: Process, claim: Claim, patience: Patience
) -> AsyncGenerator[LogLine | Progress | Proven | Failure, None]:
    """Lines that the process prints and words on how it goes; ends with one Proven or one Failure."""
    trial = _Trial(process, claim, patience)
    verdict = asyncio.create_task(trial.verdict())
    shown = 0
    said = ""
    try:
        while True:
            await asyncio.wait([verdict], timeout=0.1)
            done = verdict.done()
            for line in process.recent.since(shown)[: max(0, _LINES_SHOWN - shown)]:
                yield line
            shown = process.recent.count
            if done:
                break
            if (message := trial.progress()) != said:
                said = message
                yield Progress(message)
        yield verdict.result()
    finally:
        verdict.cancel()
        with suppress(asyncio.CancelledError):
            await verdict


class _Trial:
    def __init__(self, process: Process, claim: Claim, patience: Patience) -> None:
        self._process = process
        self._recent = process.recent
        self._claim = claim
        self._patience = patience
        self._started = self._moved = time.monotonic()
        self._mark = (0, 0.0)
        self._next_look = 0.0
        self._stage = "waiting for it to listen"
        self._others_since: float | None = None
        self._unwell_since: float | None = None
        self._trouble: Answer | NoAnswer | None = None
        self._good: Answer | None = None

    async def verdict(self) -> Proven | Failure:
        worker = self._claim.kind is Kind.WORKER
        search = asyncio.create_task(self._live_as_worker() if worker else self._search())
        try:
            await asyncio.wait([search, self._process.ended], return_when=asyncio.FIRST_COMPLETED)
            return self._of_exit() if self._process.ended.done() else search.result()
        finally:
            search.cancel()
            with suppress(asyncio.CancelledError):
                await search

    def progress(self) -> str:
        return f"{self._stage}, {time.monotonic() - self._started:.0f} s"

    async def _live_as_worker(self) -> Proven:
        """To live on counts once it has come up: as long as it uses the processor it may still be loading."""
        used, now, calm_since = 0.0, self._started, self._started
        while now < min(calm_since + self._patience.worker, self._started + self._patience.quiet):
            await asyncio.sleep(0.1)
            now = time.monotonic()
            if (seconds := self._process.cpu_seconds()) - used >= _CPU_PROGRESS_SECONDS:
                used, calm_since = seconds, now
        return Proven(Proof(0, 0.0, None, ("runs as a worker, without a URL",)), None)

    async def _search(self) -> Proven | Failure:
        while True:
            found = self._process.listeners()
            for group in self._candidates(found):
                if result := await self._try(group):
                    await asyncio.sleep(self._patience.settle)
                    return result
            if failure := self._give_up(found):
                return failure
            await asyncio.sleep(0.02 if time.monotonic() - self._started < 3 else 0.1)

    def _candidates(self, found: Collection[Listener] | None) -> list[list[Listener]]:
        """The listeners to try, by port, in order. Others than the given port get their turn when that is not there
        for a while, or does not speak HTTP."""
        port = self._claim.context.port
        if found is None:
            return [[Listener(port, "127.0.0.1")]]
        groups = {number: sorted(one for one in found if one.port == number) for number in {one.port for one in found}}
        expected = groups.pop(port, None)
        if expected and not isinstance(self._trouble, NoAnswer):
            self._others_since = None
            return [expected]
        if groups and self._others_since is None:
            self._others_since = time.monotonic()
        waited = time.monotonic() - (self._others_since or time.monotonic())
        grace = self._patience.other_port
        ready = [n for n in sorted(groups, key=_unlikeliness) if waited >= (10 * grace if n in SIDE_PORTS else grace)]
        return [*([expected] if expected else []), *(groups[number] for number in ready)]

    async def _try(self, group: list[Listener]) -> Proven | Failure | None:
        """None: it may get better."""
        for listener in group:
            for host in listener.dial_addresses:
                address = (host, listener.port)
                try:
                    return await self._judge(await self._ask(address, self._claim.health_path or "/"), group, address)
                except OSError:
                    continue
        return None

    async def _ask(self, address: Address, path: str, host: str | None = None) -> Answer | NoAnswer:
        """Raises OSError when nobody listens."""
        peer = await self._process.dial(address)
        if self._trouble is None:
            self._stage = "it listens, waiting for its answer"
        try:
            return await ask(peer, host or self._claim.host, path, self._patience.answer)
        except OSError as error:
            return NoAnswer(f"breaks them off: {error.strerror}")

    async def _judge(
        self, answer: Answer | NoAnswer, group: list[Listener], address: Address
    ) -> Proven | Failure | None:
        notes = _notes(self._claim.context.port, group, address)
        path = self._claim.health_path or "/"
        if isinstance(answer, Answer) and 400 <= answer.status < 500 and path != "/":
            notes.append(f"the health path {path} answers {answer.status}: judged by / instead")
            answer = await self._ask(address, "/")
        if isinstance(answer, NoAnswer) or answer.status >= 500:
            self._trouble = answer
            if isinstance(answer, Answer):
                self._stage = f"it answers {answer.status}, waiting for better"
            self._unwell_since = self._unwell_since or time.monotonic()
            return None
        if answer.status in (400, 403, 421) and (failure := await self._host_refused(answer, address)):
            return failure
        if answer.status >= 400:
            notes.append(f"answers {answer.status} to GET /")
        self._good = answer
        return Proven(Proof(answer.status, answer.first_byte_seconds, address[1], tuple(notes)), address)

    async def _host_refused(self, answer: Answer, address: Address) -> Failure | None:
        """Whether it is the app's own public address that it does not like."""
        failure = diagnose([*self._lines(), *answer.excerpt.splitlines()], self._claim.context)
        if failure and failure.code == "host_not_allowed":
            return failure
        other = await self._ask(address, "/", "localhost")
        if not isinstance(other, Answer) or other.status >= 400:
            return None
        host = self._claim.host.partition(":")[0]
        return Failure(
            "host_not_allowed",
            f"it answers {answer.status} to its public address {host}, but {other.status} to localhost",
            f"Add {host} to the allowed hosts (Django: ALLOWED_HOSTS, Rails: config.hosts, Vite: preview.allowedHosts)",
            telling(answer.excerpt.splitlines()),
        )

    def _give_up(self, found: Collection[Listener] | None) -> Failure | None:
        now = time.monotonic()
        if self._trouble is not None and now - (self._unwell_since or now) >= self._patience.unwell:
            return self._of_trouble(self._trouble)
        if found and self._trouble is not None:
            return None
        self._note_progress(now)
        waited = now - self._started
        if now - self._moved >= self._patience.quiet or waited >= self._patience.cap:
            return self._never_listens(waited)
        return None

    def _note_progress(self, now: float) -> None:
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        mark = (self._recent.count, self._process.cpu_seconds())
        if mark[0] != self._mark[0] or mark[1] - self._mark[1] >= _CPU_PROGRESS_SECONDS:
            self._mark, self._moved = mark, now

    def _of_exit(self) -> Failure:
        failure = of_exit(self._process.ended.result(), self._lines(), self._claim.context)
        if self._good is None:
            return failure
        end = self._process.ended.result()
        cause = f"it answered {self._good.status} and then ended with exit code {end.code}"
        if failure.code != "exited":
            cause += f": {failure.cause}"
        return replace(failure, cause=cause)

    def _of_trouble(self, trouble: Answer | NoAnswer) -> Failure:
        lines = self._lines()
        known = diagnose(
            [*lines, *(trouble.excerpt.splitlines() if isinstance(trouble, Answer) else ())], self._claim.context
        )
        if isinstance(trouble, NoAnswer):
            code = "no_answer" if trouble.is_http else "not_http"
            cause = f"it accepts connections on PORT, but {trouble.reason}"
            return Failure(code, cause, "Let it serve plain HTTP on PORT.", telling(lines))
        path = self._claim.health_path or "/"
        cause = f"it answers {trouble.status} to GET {path}"
        if known:
            return replace(known, cause=f"{cause}: {known.cause}")
        fix = f"Mend what the log shows for this request.{self._claim.context.unset}"
        return Failure("answers_5xx", cause, fix, telling(lines or trouble.excerpt.splitlines()))

    def _never_listens(self, waited: float) -> Failure:
        lines = self._lines()
        if known := diagnose(lines, self._claim.context):
            return replace(known, cause=f"it runs but listens on no port: {known.cause}")
        said = " ".join(lines).lower()
        web = any(word in said for word in ("listen", "http", "port", "server", "serving"))
        cause = f"it runs, but listens on no port after {waited:.0f} s" + ("" if web else "; it looks like a worker")
        fix = (
            f"Let it listen on the PORT environment variable ({self._claim.context.port}). "
            "If it has no URL by design, say so in a Procfile: `worker: <command>`."
        )
        return Failure("never_listens", cause, fix, telling(lines))

    def _lines(self) -> list[str]:
        return [line.text for line in self._recent.since(0)]


def _unlikeliness(port: int) -> tuple[bool, int, int]:
    return port in SIDE_PORTS, WELL_KNOWN_PORTS.index(port) if port in WELL_KNOWN_PORTS else 99, port


def _notes(expected: int, group: list[Listener], address: Address) -> list[str]:
    notes = []
    if address[1] != expected:
        notes.append(f"listens on {address[1]}, expected PORT={expected}: routed there")
    if all(listener.is_loopback_only for listener in group):
        bound = group[0].address
        notes.append(f"listens on {bound} only: reached here, but in a container it would not be; bind 0.0.0.0")
    elif ":" in address[0]:
        notes.append("listens on IPv6 only: routed there; bind 0.0.0.0 or :: for both")
    return notes
