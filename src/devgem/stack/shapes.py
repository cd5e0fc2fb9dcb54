"""Reads parsed manifests whose shape nobody has checked: what is not of the expected kind counts as absent."""

from typing import Any


def table(value: Any, *keys: str) -> dict[str, Any]:
    """The table at a path of keys; empty when there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """The tables of a list; empty when it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The strings of a list; empty when it is no list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""
