"""How many tokens a call will use, before it is made: texts by script, images by size, output by what was seen.

Gemini counts about 4 characters per token (https://ai.google.dev/gemini-api/docs/tokens). No estimate is below that
floor. Other scripts, digits, punctuation and random strings take more; their weights err upwards, and what a model
really counts corrects them, within bounds.
"""

import math
import re
import string
from collections import deque
from dataclasses import dataclass

FLOOR_CHARACTERS_PER_TOKEN = 4

_LETTERS = string.ascii_letters.encode()
_DIGITS = string.digits.encode()
_BLANKS = b" \t\r\n"

_LETTER, _DIGIT, _BLANK, _SIGN, _RANDOM = 0.24, 0.8, 0.08, 0.55, 0.6
"""Tokens per ASCII character: of words, numbers, blanks, code's signs, and base64 or hashes."""

_RANDOM_RUN = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_OTHERS = (
    (re.compile("[\u00c0-\u024f]+"), 0.5),  # Latin with accents
    (re.compile("[\u0370-\u052f]+"), 0.45),  # Greek, Cyrillic
    (re.compile("[\u0590-\u08ff]+"), 0.5),  # Hebrew, Arabic
    (re.compile("[\u0900-\u0fff]+"), 0.6),  # Indic, Thai, Tibetan
    (re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"), 0.9),  # CJK, Kana, Hangul
)
_RARE = 1.5
"""Tokens per character of everything else: emoji, symbols, old scripts."""


def text_tokens(text: str) -> int:
    """At least one token per 4 characters; never raises, whatever the text."""
    ascii_part = text.encode("ascii", "ignore")
    counted = _ascii_tokens(ascii_part)
    left = len(text) - len(ascii_part)
    if left:
        for pattern, weight in _OTHERS:
            found = sum(map(len, pattern.findall(text)))
            counted += found * weight
            left -= found
        counted += left * _RARE
    return max(math.ceil(counted), floor_tokens(len(text)))


def floor_tokens(characters: int) -> int:
    return -(-characters // FLOOR_CHARACTERS_PER_TOKEN)


def _ascii_tokens(text: bytes) -> float:
    random = sum(len(run) for run in _RANDOM_RUN.findall(text.decode("ascii")) if _is_random(run))
    letters = len(text) - len(text.translate(None, _LETTERS))
    digits = len(text) - len(text.translate(None, _DIGITS))
    blanks = len(text) - len(text.translate(None, _BLANKS))
    signs = len(text) - letters - digits - blanks
    # A random run's letters are counted as words' letters already: only the difference comes on top.
    return letters * _LETTER + digits * _DIGIT + blanks * _BLANK + signs * _SIGN + random * (_RANDOM - _LETTER)


def _is_random(run: str) -> bool:
    return any(map(str.isdigit, run)) and any(map(str.isupper, run)) and any(map(str.islower, run))


IMAGE_TOKENS = 1120
"""What Gemini 3 spends on an image by default (https://ai.google.dev/gemini-api/docs/media-resolution)."""
_TILE_TOKENS, _SMALL_PIXELS, _MOST_TILES = 258, 384, 64


def image_tokens(width: int | None, height: int | None, model: str = "") -> int:
    """Pixels; None where they are not known. Before Gemini 3: 258 for one of at most 384 pixels either way, else 258
    per tile of two thirds of the shorter side (https://ai.google.dev/gemini-api/docs/tokens)."""
    if not model.startswith(("gemini-1", "gemini-2")):
        return IMAGE_TOKENS
    if width is None or height is None or width <= 0 or height <= 0:
        return _TILE_TOKENS * 4
    if width <= _SMALL_PIXELS and height <= _SMALL_PIXELS:
        return _TILE_TOKENS
    unit = min(max(min(width, height) * 2 // 3, 256), 768)
    return _TILE_TOKENS * min(math.ceil(width / unit) * math.ceil(height / unit), _MOST_TILES)


LEAST_CORRECTION, MOST_CORRECTION = 0.5, 3.0
_LEARNING_RATE = 0.1
_KEPT_OUTPUTS, _ENOUGH_OUTPUTS = 64, 5


@dataclass(slots=True)
class Correction:
    """A moving average of what was counted over what was estimated, held between half and three times."""

    factor: float = 1.0

    def learn(self, estimated: int, actual: int) -> None:
        if estimated > 0 and actual > 0:
            seen = min(max(actual / estimated, LEAST_CORRECTION), MOST_CORRECTION)
            self.factor += (seen - self.factor) * _LEARNING_RATE


class Estimates:
    """What one process has learned of each model, and of each kind of task. It stays small: one entry per pair."""

    def __init__(self, usual_output_tokens: int = 1024) -> None:
        self._usual_output_tokens = usual_output_tokens
        self._corrections: dict[str, Correction] = {}
        self._outputs: dict[tuple[str, str], deque[int]] = {}

    def input_tokens(self, model: str, raw_tokens: int, floor: int) -> int:
        """The raw estimate as the model's own counts have corrected it; never below the floor."""
        correction = self._corrections.get(model)
        factor = 1.0 if correction is None else correction.factor
        return max(math.ceil(raw_tokens * factor), floor, 1)

    def output_tokens(self, model: str, task: str, most: int | None = None) -> int:
        """The 90th percentile of what such tasks took lately; a usual value until enough were seen."""
        seen = self._outputs.get((model, task), ())
        expected = self._usual_output_tokens
        if len(seen) >= _ENOUGH_OUTPUTS:
            expected = sorted(seen)[math.ceil(len(seen) * 0.9) - 1]
        return max(1, expected if most is None else min(expected, most))

    def learn(self, model: str, task: str, *, raw_tokens: int, input_tokens: int, output_tokens: int) -> None:
        """`raw_tokens` is the estimate before its correction, the others what the model counted."""
        self._corrections.setdefault(model, Correction()).learn(raw_tokens, input_tokens)
        if output_tokens > 0:
            self._outputs.setdefault((model, task), deque(maxlen=_KEPT_OUTPUTS)).append(output_tokens)
