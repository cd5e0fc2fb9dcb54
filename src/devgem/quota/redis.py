"""The ledger that all processes share: one script in Redis decides, by Redis' own clock, in one round trip.

What was settled or corrected travels in numbered batches. One whose answer was lost is sent again under its number, and
the script takes no number twice: a refund is never given twice.
"""

import asyncio
import hashlib
import itertools
import json
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from devgem.domain.errors import Unavailable
from devgem.quota.ask import Ask, Lease, Outcome, Refusal, Verdict
from devgem.quota.books import REASONS, used_tokens
from devgem.quota.endpoint import Endpoint
from devgem.quota.ledger import Waiting
from devgem.quota.sight import Sight

Run = Callable[[str, str, Sequence[str], str], Awaitable[str]]
"""Runs a script: (its text, its SHA-1, keys, argument) -> answer. Raises Unavailable for whatever goes wrong."""

COMMAND_SECONDS = 0.2
_HELD_UP_SECONDS = 0.02
_PARTS = ("window", "circuit", "fleet", "books")
"""One script, in the order in which its parts need each other; each is the twin of the module of its name."""
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_TABLE_MAX = 16
_LETTERS = {
    "f": "full",
    "h": "hour",
    "l": "large",
    "b": "back",
    "c": "cooling",
    "o": "open",
    "x": "off",
    "p": "probing",
    "r": "ramping",
    "s": "restating",
}


@dataclass(frozen=True, slots=True)
class Correction:
    """Use that the ledger does not know of yet: in slot `slot` of the minute (`window` 1) or the hour (2)."""

    endpoint: Endpoint
    window: int
    slot: int
    requests: int
    tokens: int


class RedisLedger:
    """The script and its protocol. Raises Unavailable when Redis does not answer in `command_seconds` or answers with
    an error.

    `clock` replaces Redis' own; it gives milliseconds."""

    def __init__(
        self,
        run: Run,
        *,
        name: str = "devgem",
        clock: Callable[[], int] | None = None,
        draw: random.Random | None = None,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._run = run
        self._clock = clock
        self._command_seconds = command_seconds
        self._text = "".join(files("devgem.quota").joinpath(f"lua/{name}.lua").read_text() for name in _PARTS)
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._process = secrets.token_hex(4)
        self._draw = draw or random.Random()  # noqa: S311 - jitter, no secret
        self._leases = itertools.count(1)
        self._batch = self._answered = 0
        self._table = _Table(f"{{{name}:quota}}")
        self._unanswered: dict[str, Any] | None = None
        self.sight: Sight | None = None

    async def decide(
        self,
        asks: Sequence[tuple[Ask, int | None]] = (),
        settled: Sequence[tuple[Lease, Outcome]] = (),
        waiting: Sequence[Waiting] | None = None,
        corrections: Sequence[Correction] = (),
        look_at: Sequence[Endpoint] = (),
    ) -> list[Lease | Refusal]:
        """`waiting` of None leaves what is registered of this process as it is. The rest: ledger.py."""
        if self._unanswered is not None:
            await self._send(**self._unanswered)
            self._unanswered = None
        table = self._table = self._table.for_next(settled, corrections, look_at)
        flat: list[int] = []
        where, number = None, 0
        for ask, age_ms in asks:
            if ask.endpoints is not where:
                where, number = ask.endpoints, table.preference(ask.endpoints)
            flat += (ask.priority, ask.input_tokens, ask.output_tokens, -1 if age_ms is None else age_ms, number)
        self._batch += 1
        body = {
            "now": self._clock() if self._clock else 0,
            "p": self._process,
            "m": self._batch,
            "q": self.sight.epoch if self.sight else 0,
            "n": self.sight.processes if self.sight else 1,
            "s": [self._settlement(table, lease, outcome) for lease, outcome in settled],
            "d": [(table.number[c.endpoint.id], c.window, c.slot, c.requests, c.tokens) for c in corrections],
            "a": flat,
            "w": [(w.priority, w.count, w.oldest_age_ms) for w in waiting or ()],
            "k": int(waiting is None),
            "v": 1 if look_at else 0,
        }
        answer = await self._send(table, body)
        return self._read(table, asks, answer)

    async def _send(self, table: "_Table", body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(await self._ask(table, table.head + _ENCODE(body)[1:]))
        except BaseException as error:
            if body["s"] or body["d"]:
                self._unanswered = {"table": table, "body": body | {"a": [], "w": [], "k": 1}}
            if isinstance(error, TimeoutError):
                raise Unavailable(f"Redis did not answer in {self._command_seconds * 1000:.0f} ms") from error
            raise
        known = self.sight
        lost = known is not None and (answer["q"] != known.epoch or 0 < answer["m"] < self._answered)
        self._answered = body["m"]
        view = answer.get("v") or {}
        accounts = dict(zip(table.number, view.get("accounts") or (), strict=False))
        frees = dict(zip(table.number, view.get("oldest") or (), strict=False))
        self.sight = Sight(answer["t"], answer["q"], answer["n"], lost, accounts, frees, view.get("waiting", ()))
        return answer

    async def _ask(self, table: "_Table", text: str) -> str:
        """Raises TimeoutError. Where it was this process that was held up meanwhile, it asks once more: the number of
        the batch keeps it from counting twice, and what was reserved without being told expires."""
        loop = asyncio.get_running_loop()
        for held_up in (False, True):
            due = loop.time() + self._command_seconds
            try:
                async with asyncio.timeout_at(due):
                    return await self._run(self._text, self._sha, table.keys, text)
            except TimeoutError:
                if held_up or loop.time() - due < _HELD_UP_SECONDS:
                    raise
        raise AssertionError

    def _read(
        self, table: "_Table", asks: Sequence[tuple[Ask, int | None]], answer: dict[str, Any]
    ) -> list[Lease | Refusal]:
        answers: list[Lease | Refusal] = []
        refusals: dict[tuple[int, int], Refusal] = {}
        at_ms, endpoints = answer["t"], table.endpoints
        for (ask, _), found in zip(asks, answer["r"] or (), strict=True):
            if found > 0:
                endpoint = endpoints[found // 2 - 1]
                tokens = ask.input_tokens + (ask.output_tokens if endpoint.counts_output else 0)
                answers.append(Lease(next(self._leases), endpoint, tokens, at_ms, found % 2 == 1))
                continue
            key = (found, id(ask.endpoints))
            refusal = refusals.get(key)
            if refusal is None:
                letters, retry_ms, ahead, wait_ms, never = answer["x"][-found - 1]
                reasons = table.reasons(ask.endpoints, letters)
                refusal = refusals[key] = Refusal(retry_ms / 1000, reasons, ahead, wait_ms / 1000, never == 1)
            answers.append(refusal)
        return answers

    def _settlement(self, table: "_Table", lease: Lease, outcome: Outcome) -> tuple[object, ...]:
        retry = outcome.retry_after_seconds
        return (
            table.number[lease.endpoint.id],
            outcome.verdict,
            lease.at_ms,
            used_tokens(lease, outcome) - lease.tokens,
            int(lease.is_probe),
            -1 if retry is None else int(retry * 1000),
            0 if outcome.verdict is Verdict.OK else self._draw.randrange(1000),
        )


class _Table:
    """The endpoints of round trips, numbered from 1, and the preferences among them. It is kept from one round trip to
    the next, and begun anew when it has grown: users bring endpoints of their own."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.keys = [f"{prefix}:fleet"]
        self.endpoints: list[Endpoint] = []
        self.number: dict[str, int] = {}
        self._limits: list[tuple[int, ...]] = []
        self._numbers: list[list[int]] = []
        self._preferences: dict[int, int] = {}
        self._alive: list[tuple[Endpoint, ...]] = []  # so that no identity is given to another tuple
        self._reasons: dict[tuple[int, str], Mapping[str, str]] = {}
        self._head = ""

    def for_next(
        self,
        settled: Sequence[tuple[Lease, Outcome]],
        corrections: Sequence[Correction],
        look_at: Sequence[Endpoint],
    ) -> "_Table":
        table = self if len(self._alive) < _TABLE_MAX else _Table(self._prefix)
        for lease, _ in settled:
            table._include(lease.endpoint)
        for correction in corrections:
            table._include(correction.endpoint)
        for endpoint in look_at:
            table._include(endpoint)
        return table

    @property
    def head(self) -> str:
        """The beginning of the request, up to where it differs from one round trip to the next."""
        if not self._head:
            self._head = _ENCODE({"e": self._limits, "c": self._numbers})[:-1] + ","
        return self._head

    def preference(self, endpoints: tuple[Endpoint, ...]) -> int:
        number = self._preferences.get(id(endpoints))
        if number is None:
            self._numbers.append([self._include(endpoint) for endpoint in endpoints])
            self._alive.append(endpoints)
            number = self._preferences[id(endpoints)] = len(self._alive)
            self._head = ""
        return number

    def reasons(self, endpoints: tuple[Endpoint, ...], letters: str) -> Mapping[str, str]:
        """The words for the script's letters; most refusals are like the one before."""
        key = (id(endpoints), letters)
        found = self._reasons.get(key)
        if found is None:
            words = {e.id: REASONS[_LETTERS[x]] for e, x in zip(endpoints, letters, strict=True)}
            found = self._reasons[key] = MappingProxyType(words)
        return found

    def _include(self, endpoint: Endpoint) -> int:
        number = self.number.get(endpoint.id)
        if number is None:
            self.endpoints.append(endpoint)
            number = self.number[endpoint.id] = len(self.endpoints)
            self.keys.append(f"{self._prefix}:{endpoint.id}")
            limits = endpoint.limits
            numbers = (limits.rpm or 0, limits.tpm or 0, limits.rph or 0, limits.tph or 0)
            self._limits.append((*numbers, int(endpoint.shared), int(endpoint.counts_output)))
            self._head = ""
        return number
