"""What the planner may know of the state of things: a small value, given to the model as data in each turn.

It travels as `<world>{...}</world>` in the instructions. Only what stands in instructions is read, never what stands
in a message or in a tool's result.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

_OPEN, _CLOSE = "<world>", "</world>"


@dataclass(frozen=True)
class KnownApp:
    """`repository`, `dir` and `ref` are what a deployment of it takes; `revision` is the live one, `revisions` all that
    a rollback may go to, by number."""

    name: str
    repository: str = ""
    dir: str = "."
    ref: str | None = None
    url: str = ""
    status: str = ""
    revision: int | None = None
    revisions: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            name=_text(value.get("name")),
            repository=_text(value.get("repository")),
            dir=_text(value.get("dir")) or ".",
            ref=_text(value.get("ref")) or None,
            url=_text(value.get("url")),
            status=_text(value.get("status")),
            revision=_number(value.get("revision")),
            revisions=tuple(sorted(_numbers(value.get("revisions")))),
        )


@dataclass(frozen=True)
class World:
    """`last_app` is the app last spoken of, `running` the apps with a deployment under way, `failed` the app whose
    deployment failed last with its cause, `edited` the apps whose workspace holds edits."""

    apps: tuple[KnownApp, ...] = ()
    last_app: str | None = None
    running: tuple[str, ...] = ()
    failed: str | None = None
    failure: str = ""
    edited: tuple[str, ...] = ()

    def app(self, name: str | None) -> KnownApp | None:
        return next((app for app in self.apps if app.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(app.name for app in self.apps)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """A world of what can be read in `value`; what is missing or of another type counts as not known."""
        if not isinstance(value, Mapping):
            return cls()
        apps = [KnownApp.from_json(app) for app in _list(value.get("apps")) if isinstance(app, Mapping)]
        return cls(
            apps=tuple(app for app in apps if app.name),
            last_app=_text(value.get("last_app")) or None,
            running=_texts(value.get("running")),
            failed=_text(value.get("failed")) or None,
            failure=_text(value.get("failure")),
            edited=_texts(value.get("edited")),
        )

    def as_part(self) -> str:
        """The part of the instructions that carries it. `<` is escaped, so that no text in it can end the part."""
        return _OPEN + json.dumps(asdict(self), ensure_ascii=False).replace("<", "\\u003c") + _CLOSE


def world_in(instructions: str) -> World:
    """The world of the last part in `instructions` that holds one; an empty one when none does."""
    found, position, decoder = World(), 0, json.JSONDecoder()
    while (position := instructions.find(_OPEN, position)) >= 0:
        position += len(_OPEN)
        try:
            value, position = decoder.raw_decode(instructions, position)
        except ValueError:
            continue
        found = World.from_json(value)
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in _list(value) if isinstance(item, str) and item)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _numbers(values: object) -> Iterable[int]:
    return (number for value in _list(values) if (number := _number(value)) is not None)
