"""What control and edge say to each other: one JSON object per line on a Unix socket in the data folder.

to the edge      {"id": 7, "op": "shift", "app": "shop", ...}     {"cancel": 7}
from the edge    {"id": 7, "item": ...} any number of times, for operations that tell how they go
                 {"id": 7, "result": ...} or {"id": 7, "error": {"code", "message", "fix"}}, once
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from devgem.domain.app import Instance, Measurement, Metrics, Progress, Proof, RevisionSignals, Signals
from devgem.domain.errors import Conflict, DevGemError, InvalidInput, NotFound, Unavailable
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine

LINE_BYTES = 8 << 20
Frame = dict[str, Any]

_ERRORS: Mapping[str, type[DevGemError]] = {
    "Conflict": Conflict,
    "InvalidInput": InvalidInput,
    "NotFound": NotFound,
    "Unavailable": Unavailable,
}


@dataclass(frozen=True)
class EdgePaths:
    """Where the edge keeps what it needs, below the data folder."""

    root: Path

    @property
    def socket(self) -> Path:
        return self.root / "edge.sock"

    @property
    def lock(self) -> Path:
        return self.root / "edge.lock"

    @property
    def states(self) -> Path:
        return self.root / "edge" / "apps"

    @property
    def hosts(self) -> Path:
        """Host names of single apps."""
        return self.root / "edge" / "hosts.json"

    @property
    def facts(self) -> Path:
        return self.root / "edge" / "facts.ndjson"

    @property
    def work(self) -> Path:
        """What apps write to, for as long as they run."""
        return self.root / "edge" / "work"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


def encode(frame: Frame) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Frame:
    """Raises ValueError."""
    frame = json.loads(line)
    if not isinstance(frame, dict):
        raise ValueError("a frame is a JSON object")
    return frame


def error_to_json(error: DevGemError) -> Frame:
    kind = next((name for name, known in _ERRORS.items() if isinstance(error, known)), "Unavailable")
    return {"kind": kind, "code": error.code, "message": error.message, "fix": error.fix}


def error_from_json(found: Frame) -> DevGemError:
    return _ERRORS[found["kind"]](found["message"], fix=found["fix"], code=found["code"])


def item_to_json(item: LogLine | Progress | Proof | Failure) -> Frame:
    match item:
        case LogLine():
            return {"log": {"text": item.text, "stream": item.stream, "at": item.at.isoformat()}}
        case Progress():
            return {"progress": asdict(item)}
        case Proof():
            return {"proof": asdict(item)}
        case Failure():
            return {"failure": item.to_json()}


def item_from_json(found: Frame) -> LogLine | Progress | Proof | Failure:
    [(kind, value)] = found.items()
    match kind:
        case "log":
            return LogLine(value["text"], value["stream"], datetime.fromisoformat(value["at"]))
        case "progress":
            return Progress(**value)
        case "proof":
            return Proof(**{**value, "notes": tuple(value["notes"])})
        case "failure":
            return failure_from_json(value)
        case _:
            raise ValueError(f"{kind!r} is no item of a verification")


def failure_from_json(found: Frame) -> Failure:
    return Failure(**{**found, "candidates": tuple(found["candidates"])})


def instance_to_json(instance: Instance) -> Frame:
    return {**asdict(instance), "started_at": instance.started_at.isoformat()}


def instance_from_json(found: Frame) -> Instance:
    return Instance(**{**found, "started_at": datetime.fromisoformat(found["started_at"])})


def signals_to_json(signals: Signals) -> Frame:
    return asdict(signals)


def metrics_to_json(metrics: Metrics) -> Frame:
    return {**asdict(metrics), "items": [{**asdict(one), "at": one.at.isoformat()} for one in metrics.items]}


def metrics_from_json(found: Frame) -> Metrics:
    items = tuple(Measurement(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in found["items"])
    return Metrics(**{**found, "items": items})


def signals_from_json(found: Frame) -> Signals:
    return Signals(found["app"], tuple(RevisionSignals(**revision) for revision in found["revisions"]))
