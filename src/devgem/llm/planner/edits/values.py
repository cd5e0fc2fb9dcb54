"""The value that a declaration gets: a colour in place of a colour, a size from the present one."""

import re

from devgem.llm.planner.edits.colours import css_colour
from devgem.llm.planner.edits.wish import Aspect, Wish

_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(px|rem|em|pt|%|vw|vh)")
_COLOUR_PART = re.compile(r"#[0-9a-fA-F]{3,8}\b|(?:rgba?|hsla?|oklch)\([^()]*\)|(?<![\w(/.-])[a-zA-Z]+(?![\w(/.-])")
_FACTORS = {"bigger": 1.25, "larger": 1.25, "big": 1.5, "large": 1.5, "huge": 2.0, "smaller": 0.8, "small": 0.8}
_FACTORS |= {"tiny": 0.6}
_DEFAULTS = {"heading": "2em", "title": "2em", "subheading": "1.5em"}
NAMES = {
    Aspect.BACKGROUND: ("background-color", "background"),
    Aspect.COLOUR: ("color",),
    Aspect.FONT_SIZE: ("font-size",),
}


def new_value(wish: Wish, present: str | None) -> str | None:
    """The value that takes the place of `present`; None when the wish's is none of its kind."""
    if wish.aspect is Aspect.FONT_SIZE:
        return _new_size(wish, present)
    colour = css_colour(wish.value)
    if colour is None or present is None or wish.aspect is Aspect.COLOUR:
        return colour
    return _new_background(colour, present)


def said_size(value: str) -> str | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s?(px|rem|em|pt|%|pixels?)?", value.strip().lower())
    if found is None:
        return None
    return found[1] + ("px" if (found[2] or "px").startswith(("px", "pixel")) else found[2])


def factor(value: str) -> float | None:
    """How many times the present size `bigger` and the like are."""
    words = value.lower().split()
    if not words or words[-1] not in _FACTORS:
        return None
    times = _FACTORS[words[-1]]
    if "much" in words or "twice" in words:
        return 2.0 if times > 1 else 0.5
    return 1 + (times - 1) / 2 if {"bit", "little", "slightly"} & set(words) else times


def _new_size(wish: Wish, present: str | None) -> str | None:
    size = said_size(wish.value)
    if size is not None:
        return size
    times = factor(wish.value)
    found = _SIZE.fullmatch((present or _DEFAULTS.get(wish.element, "16px")).strip())
    if times is None or found is None:
        return None
    number = float(found[1]) * times
    return f"{round(number) if found[2] == 'px' else round(number, 3):g}{found[2]}"


def _new_background(colour: str, present: str) -> str:
    """Only the colour of a `background` that also has an image; a gradient gives way as a whole."""
    if "url(" not in present:
        return colour
    outside = re.sub(r"url\([^)]*\)", lambda found: " " * len(found[0]), present)
    for part in _COLOUR_PART.finditer(outside):
        if css_colour(part[0]) is not None:
            return present[: part.start()] + colour + present[part.end() :]
    return f"{colour} {present}"
