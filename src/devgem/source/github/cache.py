"""What GitHub answered, kept by who asked and for what: least recently used first out, within a number of bytes."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Kept:
    """`value` is what was made of the answer; `next` the address of the next page; `size` its bytes on the wire."""

    value: Any
    etag: str
    next: str
    last_page: int
    at: datetime
    size: int


class Cache:
    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, str, str], Kept] = OrderedDict()
        self._bytes = 0

    def find(self, key: tuple[str, str, str]) -> Kept | None:
        """`key` begins with the digest of the token: nobody sees another one's answers."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: tuple[str, str, str], kept: Kept) -> None:
        self._drop(key)
        if kept.size > self._limit_bytes // 4:
            return
        self._kept[key] = kept
        self._bytes += kept.size
        while self._bytes > self._limit_bytes:
            self._drop(next(iter(self._kept)))

    def forget(self, who: str) -> None:
        """All that a token was answered."""
        for key in [key for key in self._kept if key[0] == who]:
            self._drop(key)

    def _drop(self, key: tuple[str, str, str]) -> None:
        if (found := self._kept.pop(key, None)) is not None:
            self._bytes -= found.size
