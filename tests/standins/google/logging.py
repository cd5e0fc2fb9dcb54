"""Cloud Logging: entries and the one way to list them, with a filter of conditions joined by AND.

A project may list sixty times a minute; more is refused, as Google refuses it.
"""

import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt
from typing import Any

import grpc
from google.cloud.logging_v2 import types

from tests.standins.google.peer import Peer, Trouble

LISTS_A_MINUTE = 60
_CONDITION = re.compile(r'(?P<field>[\w.]+)\s*(?P<operator>>=|<=|=|>|<)\s*(?P<value>\((?:[^()]*)\)|"[^"]*"|[\w.:-]+)')
_OPERATORS = {"=": eq, ">=": ge, "<=": le, ">": gt, "<": lt}
_SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")


class Logging:
    """`write` is what a service of Google's does; `visible` may hold entries back, as ingestion does."""

    def __init__(self, peer: Peer) -> None:
        self.entries: list[Any] = []
        self.lists: deque[float] = deque()
        self.a_minute = LISTS_A_MINUTE
        self.page = 1000
        """At most so many entries a page."""
        self._peer = peer

    def write(
        self,
        kind: str,
        labels: dict[str, str],
        text: str,
        *,
        at: datetime | None = None,
        severity: str = "DEFAULT",
        id: str = "",
        **more: Any,
    ) -> None:
        """Adds an entry; `id` tells those with the same time apart."""
        self.entries.append(
            types.LogEntry(
                insert_id=id or f"entry-{len(self.entries):08}",
                timestamp=at or datetime.now(UTC),
                text_payload=text,
                resource={"type": kind, "labels": labels},
                severity=_SEVERITIES.index(severity) * 100,
                **more,
            )
        )

    async def ListLogEntries(self, request: Any) -> Any:  # noqa: N802
        self._count()
        if not request.resource_names or request.page_size > 1000:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "a list needs a resource, and a page has at most 1000")
        if len(request.filter) > 20_000:
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, "a filter has at most 20,000 characters")
        holds = _condition(request.filter)
        found = sorted((e for e in self.entries if holds(e)), key=lambda e: (e.timestamp, e.insert_id))
        if request.order_by == "timestamp desc":
            found.reverse()
        elif request.order_by not in ("", "timestamp asc"):
            raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"no such order: {request.order_by}")
        begin = int(request.page_token or 0)
        end = begin + min(request.page_size or 50, self.page)
        token = str(end) if end < len(found) else ""
        return types.ListLogEntriesResponse(entries=found[begin:end], next_page_token=token)

    def _count(self) -> None:
        now = self._peer.clock()
        while self.lists and self.lists[0] <= now - 60:
            self.lists.popleft()
        self.lists.append(now)
        if len(self.lists) > self.a_minute:
            said = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute'"
            raise Trouble(grpc.StatusCode.RESOURCE_EXHAUSTED, said, retry_seconds=5)


def _condition(text: str) -> Callable[[Any], bool]:
    conditions = [_one(found) for found in _CONDITION.finditer(text)]
    rest = _CONDITION.sub("", text)
    if re.sub(r"\bAND\b|\s", "", rest):
        raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"Unparseable filter: {rest.strip()!r} in {text}")
    return lambda entry: all(holds(entry) for holds in conditions)


def _one(found: re.Match[str]) -> Callable[[Any], bool]:
    field, operator, raw = found["field"], found["operator"], found["value"]
    values = [value.strip().strip('"') for value in raw.strip("()").split(" OR ")]

    def holds(entry: Any) -> bool:
        have = _value(entry, field)
        return any(_compare(have, operator, _parsed(field, value)) for value in values)

    return holds


def _value(entry: Any, field: str) -> Any:
    name, _, rest = field.partition(".")
    match name:
        case "resource":
            kind, _, key = rest.partition(".")
            return entry.resource.type if kind == "type" else entry.resource.labels.get(key, "")
        case "labels":
            return entry.labels.get(rest, "")
        case "timestamp":
            return entry.timestamp
        case "severity":
            return int(entry.severity)
        case "logName":
            return entry.log_name
        case "insertId":
            return entry.insert_id
        case "textPayload":
            return entry.text_payload
        case "httpRequest":
            return entry.http_request.status
    raise Trouble(grpc.StatusCode.INVALID_ARGUMENT, f"Field not found: {field}")


def _parsed(field: str, text: str) -> Any:
    if field == "timestamp":
        return datetime.fromisoformat(text)
    if field == "severity":
        return _SEVERITIES.index(text) * 100
    if field.startswith("httpRequest"):
        return int(text)
    return text


def _compare(have: Any, operator: str, want: Any) -> bool:
    return bool(_OPERATORS[operator](have, want))
