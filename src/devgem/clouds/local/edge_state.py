"""What the edge is to keep running, on disk, so that an edge that was killed brings it back by itself.

One file per app, replaced as a whole, mode 0600, with the values of its config vars sealed.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devgem.clouds.local.process import Address
from devgem.clouds.local.spec import Spec

Seal = Callable[[bytes], bytes]
"""Encrypts, or undoes it: raises ValueError for what was not sealed with the same key."""
KEPT = 20
"""Revisions that are remembered without having traffic, so that they can get it back."""


@dataclass(frozen=True)
class Record:
    """`prepared`: its release commands have run. `address` is where it listens, once that is proven."""

    spec: Spec
    prepared: bool = False
    address: Address | None = None


@dataclass(frozen=True)
class AppState:
    """`slot` picks the app's user id, `shares` are the percent of its requests by revision number."""

    app: str
    slot: int
    shares: Mapping[int, int] = field(default_factory=dict)
    revisions: Mapping[int, Record] = field(default_factory=dict)

    def keep(self, record: Record) -> "AppState":
        """With a revision added or replaced; the oldest beyond KEPT that have no traffic are forgotten."""
        revisions = {**self.revisions, record.spec.number: record}
        idle = sorted(number for number in revisions if number not in self.shares)
        return replace(self, revisions={n: r for n, r in revisions.items() if n not in idle[:-KEPT]})

    def forget(self, number: int) -> "AppState":
        return replace(self, revisions={n: r for n, r in self.revisions.items() if n != number})


class States:
    def __init__(self, folder: Path, seal: Seal, unseal: Seal) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._seal = seal
        self._unseal = unseal

    def load(self) -> Iterator[AppState]:
        """Raises ValueError, naming the file, for one that is damaged or sealed with another key."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                yield self._decode(json.loads(path.read_text()))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path} cannot be read: {error!r}") from error

    def save(self, state: AppState) -> None:
        new = self._path(state.app).with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self._encode(state), file)
        new.replace(self._path(state.app))

    def remove(self, app: str) -> None:
        self._path(app).unlink(missing_ok=True)

    def _path(self, app: str) -> Path:
        return self._folder / f"{app}.json"

    def _encode(self, state: AppState) -> dict[str, Any]:
        revisions = {}
        for number, record in state.revisions.items():
            sealed = base64.b64encode(self._seal(json.dumps(dict(record.spec.env)).encode())).decode()
            spec = {**record.spec.to_json(), "env": sealed}
            revisions[number] = {"spec": spec, "prepared": record.prepared, "address": record.address}
        return {"app": state.app, "slot": state.slot, "shares": dict(state.shares), "revisions": revisions}

    def _decode(self, found: Mapping[str, Any]) -> AppState:
        revisions = {}
        for number, record in found["revisions"].items():
            env = json.loads(self._unseal(base64.b64decode(record["spec"]["env"])))
            address = (record["address"][0], record["address"][1]) if record["address"] else None
            spec = Spec.from_json({**record["spec"], "env": env})
            revisions[int(number)] = Record(spec, record["prepared"], address)
        shares = {int(number): share for number, share in found["shares"].items()}
        return AppState(found["app"], found["slot"], shares, revisions)
