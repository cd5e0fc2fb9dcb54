"""Utility classes of Tailwind: whether an app uses them, and which take the place of which."""

import re
from collections.abc import Mapping, Sequence

from devgem.llm.planner.edits.colours import tailwind_colour
from devgem.llm.planner.edits.values import factor, said_size
from devgem.llm.planner.edits.wish import Aspect, Wish

_SIZES = ("xs", "sm", "base", "lg", "xl", "2xl", "3xl", "4xl", "5xl", "6xl", "7xl", "8xl", "9xl")
_SIGNS = re.compile(
    r"@tailwind\b|\b(?:bg|text)-\[#?\w|@import\s+[\"']tailwindcss|cdn\.tailwindcss\.com|@tailwindcss/|\"tailwindcss\"|"
    r"\b(?:bg|text|border|from|ring)-(?:slate|gray|zinc|neutral|stone|red|orange|amber|yellow|lime|green|emerald|teal|cyan|"
    r"sky|blue|indigo|violet|purple|fuchsia|pink|rose)-(?:50|[1-9]00|950)\b"
)
_CLASSES = {
    Aspect.BACKGROUND: re.compile(
        r"bg-(?!cover|center|no-repeat|fixed$|local$|scroll$|contain$|repeat|bottom|top|left|right|clip-|origin-|opacity-|"
        r"blend-|auto$|\[url)\S+|(?:from|via|to)-[a-z]+-\d{2,3}"
    ),
    Aspect.COLOUR: re.compile(
        r"text-(?!(?:xs|sm|base|lg|xl|[2-9]xl|left|center|right|justify|start|end|wrap|nowrap|balance|pretty|ellipsis|clip)$|"
        r"opacity-|\[\d)\S+"
    ),
    Aspect.FONT_SIZE: re.compile(r"text-(?:xs|sm|base|lg|xl|[2-9]xl|\[\d[^\]]*\])"),
}


def uses_tailwind(files: Mapping[str, str]) -> bool:
    return any("tailwind.config." in path or _SIGNS.search(text[:50_000]) for path, text in files.items())


def styles(classes: Sequence[str], aspect: Aspect) -> bool:
    """True when one of the classes sets that aspect. One with a prefix (`dark:`, `hover:`) is for another state."""
    return any(_CLASSES[aspect].fullmatch(name) for name in classes)


def restyled(value: str, wish: Wish) -> str | None:
    """A class attribute's value with the wish's class in place of the ones it overrules, else at the end; None for a
    wish that has no such class."""
    names = value.split()
    present = [name for name in names if _CLASSES[wish.aspect].fullmatch(name)]
    new = _class(wish, present)
    if new is None:
        return None
    if not present:
        return f"{value.rstrip()} {new}".strip()
    first, *rest = present
    for name in rest:
        value = re.sub(rf"\s*(?<!\S){re.escape(name)}(?!\S)", "", value, count=1)
    return re.sub(rf"(?<!\S){re.escape(first)}(?!\S)", lambda _: new, value, count=1)


def _class(wish: Wish, present: Sequence[str]) -> str | None:
    if wish.aspect is not Aspect.FONT_SIZE:
        colour = tailwind_colour(wish.value)
        prefix = "bg" if wish.aspect is Aspect.BACKGROUND else "text"
        return f"{prefix}-{colour}" if colour else None
    if size := said_size(wish.value):
        return f"text-[{size}]"
    times = factor(wish.value)
    now = present[0].removeprefix("text-") if present else "base"
    if times is None or now not in _SIZES:
        return None
    steps = (2 if times >= 1.5 else 1) if times > 1 else (-2 if times <= 0.6 else -1)
    return "text-" + _SIZES[min(max(_SIZES.index(now) + steps, 0), len(_SIZES) - 1)]
