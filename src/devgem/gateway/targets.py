"""Where the requests of an app can go."""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

Dial = Callable[[], Awaitable[socket.socket]]
"""Hands out a connected, non-blocking stream socket to one instance; raises OSError when there is none."""


@dataclass(frozen=True)
class Backend:
    """The processes of one revision. How they are reached, woken and balanced is `dial`'s business."""

    revision: int
    dial: Dial


@dataclass(frozen=True)
class Site:
    """One revision of static files, served by the gateway itself. Files under `root` never change: a new build is a
    new revision. `fallback` is the page for unknown paths with status 200 (a single-page app), `not_found` the one
    with status 404; both are relative to `root`."""

    revision: int
    root: Path
    fallback: str | None = None
    not_found: str | None = None
