"""Whether an endpoint may be called, and how much of its limit has proven to be there. Pure; `now_ms` is an argument.

    closed ──▶ shut until a time ──▶ half-open: one probe in the fleet ──▶ ramping ──▶ closed
                    ▲                              │
                    └────────── it failed ─────────┘

A 429 shuts the endpoint for as long as the provider says, or for 1 to 2.5 s where it says nothing; it is no failure of
its health. Failures (5xx, timeouts, broken connections) shut it when three come in a row, or when they are at least
three and half of all calls of the last 10 to 20 s, for a time that doubles up to 4 s, with jitter. What is not served
there or not allowed shuts it for minutes.

The ceiling is the learned share of the limits, in thousandths: additive increase, multiplicative decrease
(https://www.rfc-editor.org/rfc/rfc5681#section-3.1). A 429 takes 30 %, once in 5 s; every 5 s without one give 2 %
back. When the probe after a 429 is refused too, the rate was not to blame, and what was taken is given back.
"""

from collections.abc import Sequence
from typing import Any, Self

from devgem.quota.ask import Verdict

FULL = 1000
_FLOOR = 50
_STEP, _STEP_MS = 20, 5_000
_BUCKET_MS = 10_000
_IN_A_ROW = 3
PROBE_MS = 30_000
RAMP_MS = 3_000
_REFUSED_MS, _REFUSED_SPREAD_MS = 1_000, 1_500
_OPEN_MS, _OPEN_MAX_MS = 1_000, 4_000
_LONGEST_MS = 48 * 3_600_000
_AWAY_MS = {Verdict.ABSENT: 600_000, Verdict.DENIED: 60_000}
_UNKNOWN_RPM = 240


class Circuit:
    """`shut_until_ms` is 0 while closed; after that time one probe is let through. Times are milliseconds."""

    __slots__ = (
        "_before",
        "_bucket",
        "_ceiling",
        "_ceiling_at_ms",
        "_failed",
        "_failed_before",
        "_passed",
        "_passed_before",
        "_row",
        "opened",
        "probe_until_ms",
        "ramp_from_ms",
        "ramp_used",
        "refused_at_ms",
        "shut_until_ms",
        "why",
    )

    def __init__(self) -> None:
        self.shut_until_ms = 0
        self.why = ""
        self.opened = 0
        self.probe_until_ms = 0
        self.ramp_from_ms = 0
        self.ramp_used = 0
        self.refused_at_ms = 0
        self._bucket = self._failed = self._failed_before = self._passed = self._passed_before = 0
        self._row = 0
        self._ceiling = self._before = FULL
        self._ceiling_at_ms = 0

    @classmethod
    def from_numbers(cls, numbers: Sequence[Any]) -> Self:
        """As the script in Redis keeps it (lua/window.lua, the accounts from 11 on)."""
        circuit = cls()
        circuit.shut_until_ms, circuit.why, circuit.opened, circuit.probe_until_ms = numbers[:4]
        circuit.ramp_from_ms, circuit.ramp_used, circuit.refused_at_ms = numbers[4:7]
        circuit._ceiling, circuit._before, circuit._ceiling_at_ms = numbers[12:15]
        return circuit

    def ceiling(self, now_ms: int) -> int:
        """The share of the limits that may be used now, in thousandths."""
        if self._ceiling == FULL:
            return FULL
        steps = max(0, now_ms - self._ceiling_at_ms) // _STEP_MS
        return min(FULL, self._ceiling + _STEP * steps)

    def obstacle(self, now_ms: int, rpm: int | None) -> str:
        """Why it may not be called now: "cooling", "open", "off", "probing", "ramping"; or "", or "probe" when the
        call that is let in is the probe."""
        if self.shut_until_ms:
            if now_ms < self.shut_until_ms:
                return self.state()
            return "probing" if now_ms < self.probe_until_ms else "probe"
        if self.ramp_from_ms:
            elapsed = now_ms - self.ramp_from_ms
            if elapsed < RAMP_MS:
                allowed = 1 + (rpm or _UNKNOWN_RPM) * elapsed * elapsed // 60_000_000
                return "ramping" if self.ramp_used >= allowed else ""
            self.ramp_from_ms = 0
        return ""

    def state(self) -> str:
        return {"": "closed", "refused": "cooling", "failed": "open"}.get(self.why, "off")

    def retry_at_ms(self, now_ms: int) -> int:
        if now_ms < self.shut_until_ms:
            return self.shut_until_ms
        return now_ms + 100

    def let_in(self, now_ms: int, *, probe: bool) -> None:
        if probe:
            self.probe_until_ms = now_ms + PROBE_MS
        if self.ramp_from_ms:
            self.ramp_used += 1

    def settle(self, now_ms: int, verdict: Verdict, *, probe: bool, retry_after_ms: int | None, jitter: int) -> None:
        """`jitter` is a random number below 1000, drawn by the caller."""
        if verdict in (Verdict.OK, Verdict.STARTED, Verdict.REJECTED):
            self._pass(now_ms, probe=probe)
        elif verdict is Verdict.REFUSED:
            self._refuse(now_ms, probe=probe, retry_after_ms=retry_after_ms, jitter=jitter)
        elif verdict is Verdict.FAILED:
            self._fail(now_ms, probe=probe, jitter=jitter)
        elif verdict is Verdict.ABANDONED:
            if probe:
                self.probe_until_ms = 0
        else:
            self._shut(now_ms + _AWAY_MS[verdict], verdict.value)

    def heed(self, until_ms: int, why: str) -> None:
        """Another process knows that it must not be called until then."""
        if until_ms > self.shut_until_ms:
            self._shut(until_ms, why)

    def _pass(self, now_ms: int, *, probe: bool) -> None:
        if probe and self.shut_until_ms:
            self.shut_until_ms = self.probe_until_ms = self.opened = self.ramp_used = 0
            self.why = ""
            self.ramp_from_ms = now_ms
            self._failed = self._failed_before = 0
        self._count(now_ms)
        self._passed += 1
        self._row = 0

    def _refuse(self, now_ms: int, *, probe: bool, retry_after_ms: int | None, jitter: int) -> None:
        self.refused_at_ms = now_ms
        if probe and self.why == "refused":
            self._ceiling = max(self.ceiling(now_ms), self._before)
            self._ceiling_at_ms = now_ms
        elif not self.shut_until_ms and now_ms - self._ceiling_at_ms >= _STEP_MS:
            self._before = self.ceiling(now_ms)
            self._ceiling = max(_FLOOR, self._before * 7 // 10)
            self._ceiling_at_ms = now_ms
        if retry_after_ms is not None:
            self._shut(now_ms + min(retry_after_ms, _LONGEST_MS), "refused")
        elif probe or not self.shut_until_ms:
            self._shut(now_ms + _REFUSED_MS + _REFUSED_SPREAD_MS * jitter // 1000, "refused")

    def _fail(self, now_ms: int, *, probe: bool, jitter: int) -> None:
        self._count(now_ms)
        self._failed += 1
        self._row += 1
        failed, passed = self._failed + self._failed_before, self._passed + self._passed_before
        many = self._row >= _IN_A_ROW or (failed >= _IN_A_ROW and failed >= passed)
        breaks = not self.shut_until_ms and (bool(self.ramp_from_ms) or many)
        if probe or breaks:
            self.opened = min(self.opened + 1, 16)
            pause = min(_OPEN_MAX_MS, _OPEN_MS << (self.opened - 1))
            self._shut(now_ms + pause // 2 + pause * jitter // 2000, "failed")

    def _shut(self, until_ms: int, why: str) -> None:
        if until_ms > self.shut_until_ms:
            self.shut_until_ms = until_ms
            self.why = why
        self.probe_until_ms = 0
        self.ramp_from_ms = self.ramp_used = 0

    def _count(self, now_ms: int) -> None:
        """Calls are counted over the current and the last span of 10 s."""
        bucket = now_ms // _BUCKET_MS
        if bucket > self._bucket:
            last = bucket == self._bucket + 1
            self._failed_before, self._passed_before = (self._failed, self._passed) if last else (0, 0)
            self._failed = self._passed = 0
            self._bucket = bucket
