"""Takes values out of parsed manifests, whatever shape people have given them."""

from collections.abc import Mapping
from typing import Any


def table(document: object, *keys: str) -> Mapping[str, Any]:
    """The table below these keys; empty when something else is there."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def strings(value: object) -> list[str]:
    """The strings of a list; a single string is a list of one."""
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
