"""What a provider counts: arrivals in sliding windows, per quota, with limits of its own."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Enforced on arrival; None is no limit. `counts_output`: the token limit counts answers too."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None
    counts_output: bool = True


@dataclass(slots=True)
class Arrival:
    """One call. `at_seconds` is CLOCK_MONOTONIC, the same in all processes of this machine. `status` 0: reset, or no
    answer. Tokens are those charged to the quota."""

    at_seconds: float
    place: str
    """region, or "gemini" for the Gemini API"""
    key: str
    """project, or API key"""
    model: str
    method: str
    status: int = 0
    reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    is_over: bool = False
    left_window: bool = False


@dataclass(frozen=True, slots=True)
class Peak:
    """The most in any sliding window: calls that arrived, calls let in, and tokens of those let in."""

    arrived: int
    requests: int
    tokens: int


@dataclass(slots=True)
class Window:
    """The calls let in of one quota, in the last `seconds`. Answers count once they are over."""

    limits: Limits
    seconds: float
    running: int = 0
    _tokens: int = 0
    _let_in: deque[Arrival] = field(default_factory=deque)

    def refuses(self, arrival: Arrival) -> tuple[str, float] | None:
        """Why the call may not come in, as Google's quota id, and the seconds until it may."""
        now = arrival.at_seconds
        while self._let_in and self._let_in[0].at_seconds <= now - self.seconds:
            gone = self._let_in.popleft()
            self._tokens -= self._counted(gone)
            gone.left_window = True
        limits = self.limits
        frees_in_seconds = self._let_in[0].at_seconds + self.seconds - now if self._let_in else 1.0
        if limits.concurrency is not None and self.running >= limits.concurrency:
            return "ConcurrentRequestsPerProjectPerModel", 1.0
        if limits.rpm is not None and len(self._let_in) >= limits.rpm:
            return "GenerateRequestsPerMinutePerProjectPerModel", frees_in_seconds
        if limits.tpm is not None and self._tokens + arrival.input_tokens > limits.tpm:
            return "GenerateContentPaidTierInputTokensPerModelPerMinute", frees_in_seconds
        return None

    def let_in(self, arrival: Arrival) -> None:
        self.running += 1
        self._let_in.append(arrival)
        self._tokens += self._counted(arrival)

    def over(self, arrival: Arrival) -> None:
        self.running -= 1
        arrival.is_over = True
        if not arrival.left_window:
            self._tokens += self._counted(arrival) - arrival.input_tokens

    def _counted(self, arrival: Arrival) -> int:
        return charged(arrival, self.limits) if arrival.is_over else arrival.input_tokens


def charged(arrival: Arrival, limits: Limits) -> int:
    return arrival.input_tokens + (arrival.output_tokens if limits.counts_output else 0)


def peaks(arrivals: Iterable[Arrival], seconds: float, limits_of: dict[str, Limits]) -> dict[str, Peak]:
    by_place: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        if arrival.method != "countTokens":
            by_place.setdefault(arrival.place, []).append(arrival)
    return {
        place: Peak(
            _most([(one.at_seconds, 1) for one in all_of_it], seconds),
            _most([(one.at_seconds, 1) for one in all_of_it if one.status == 200], seconds),
            _most(
                [(one.at_seconds, charged(one, limits_of[place])) for one in all_of_it if one.status == 200], seconds
            ),
        )
        for place, all_of_it in by_place.items()
    }


def _most(weighted: Sequence[tuple[float, int]], seconds: float) -> int:
    """The largest sum in any half-open window (t - seconds, t]. `weighted` is in order of time."""
    most = running = first = 0
    for at, weight in weighted:
        running += weight
        while weighted[first][0] <= at - seconds:
            running -= weighted[first][1]
            first += 1
        most = max(most, running)
    return most
