"""How many calls a token has left, as GitHub's headers say, and when it may call again.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_KNOWN_LIMIT = 10_000
_RESERVE = 100
_DEFAULT_WAIT_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 3900.0
_NUMBER = re.compile(r"\d{1,12}")


@dataclass
class _Account:
    remaining: int | None = None
    limit: int | None = None
    resets_at: float = 0.0
    blocked_until: float = 0.0


class Budget:
    """By token (its digest). `now` is in seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._accounts: dict[str, _Account] = {}

    def wait_seconds(self, key: str) -> float:
        """How long no call may be made; 0 when one may."""
        known = self._accounts.get(key)
        if known is None:
            return 0.0
        now = self._now()
        if known.remaining == 0 and known.resets_at > now:
            return known.resets_at - now
        return max(known.blocked_until - now, 0.0)

    def is_short(self, key: str) -> bool:
        """Whether what is left should be kept for what cannot wait."""
        known = self._accounts.get(key)
        if known is None or known.remaining is None or known.resets_at <= self._now():
            return False
        return known.remaining < min(_RESERVE, (known.limit or _RESERVE) // 10)

    def learn(self, key: str, status: int, headers: Mapping[str, str]) -> None:
        """Takes in what an answer says of the limits."""
        now = self._now()
        if len(self._accounts) > _KNOWN_LIMIT:
            self._accounts = {k: a for k, a in self._accounts.items() if max(a.resets_at, a.blocked_until) > now}
        known = self._accounts.setdefault(key, _Account())
        if (remaining := _number(headers, "x-ratelimit-remaining")) is not None:
            known.remaining = remaining
            known.limit = _number(headers, "x-ratelimit-limit")
            known.resets_at = min(float(_number(headers, "x-ratelimit-reset") or 0), now + _LONGEST_WAIT_SECONDS)
        if is_limit(status, headers):
            wait = _number(headers, "retry-after")
            if wait is None and known.remaining == 0:
                return  # the reset says when
            seconds = _DEFAULT_WAIT_SECONDS if wait is None else float(wait)
            known.blocked_until = now + min(seconds, _LONGEST_WAIT_SECONDS)


def is_limit(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer refuses because of the limits, not because of what was asked."""
    if status == 429:
        return True
    return status == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")


def _number(headers: Mapping[str, str], name: str) -> int | None:
    found = headers.get(name, "").strip()
    return int(found) if _NUMBER.fullmatch(found) else None
