"""What Gemini refuses in a request, as far as a client's own mistakes go."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.standins.gemini.brain import Call

DUMMY_SIGNATURES = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
"""https://ai.google.dev/gemini-api/docs/thought-signatures"""


def complaint(call: Call) -> str:
    """Gemini's own words, or nothing."""
    contents = call.contents
    if not contents:
        return "* GenerateContentRequest.contents: contents is not specified"
    if contents[-1].get("role") == "model":
        return "Please ensure that single turn requests end with a user role."
    for before, after in pairwise(contents):
        called, answered = _count(before, "functionCall"), _count(after, "functionResponse")
        if called != answered:
            return (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
    return _unsigned(call.model, contents)


def _count(content: Mapping[str, Any], kind: str) -> int:
    return sum(kind in part for part in content.get("parts") or ())


def _unsigned(model: str, contents: Sequence[Mapping[str, Any]]) -> str:
    """Gemini 3 wants a signature on the first call of every step of the current turn."""
    if not model.startswith("gemini-3"):
        return ""
    turn = max((n for n, content in enumerate(contents) if _is_said_by_user(content)), default=0)
    for n, content in enumerate(contents[turn:], turn):
        calls = [part for part in content.get("parts") or () if "functionCall" in part]
        if calls and not _is_signature(calls[0].get("thoughtSignature")):
            name = calls[0]["functionCall"].get("name")
            return f"Function call `{name}` in the {n + 1}. content block is missing a `thought_signature`."
    return ""


def _is_said_by_user(content: Mapping[str, Any]) -> bool:
    return content.get("role") == "user" and any("text" in part for part in content.get("parts") or ())


def _is_signature(value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if value in DUMMY_SIGNATURES:
        return True
    try:
        base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return False
    return True
