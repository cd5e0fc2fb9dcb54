"""Custom properties of CSS and variables of SCSS and Less: where the value of a declaration is really set."""

import re
from collections.abc import Mapping

from devgem.llm.planner.edits.candidates import MARKUP, SHEETS, editable
from devgem.llm.planner.edits.colours import css_colour
from devgem.llm.planner.edits.places import Place
from devgem.llm.planner.edits.wish import Aspect, Wish

_USE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,[^)]*)?\)|([$@][\w-]+)")
_NAMES = {
    Aspect.BACKGROUND: re.compile(r"(?:^|-)(?:bg|background|backdrop|surface|page)(?:-|$)|bg|background"),
    Aspect.COLOUR: re.compile(r"text|fg|foreground|font|ink|^color$"),
    Aspect.FONT_SIZE: re.compile(r"font|text|size"),
}


def definition_of(files: Mapping[str, str], value: str, wish: Wish) -> Place | None:
    """Where the variable that `value` consists of is set, with its present value in `new`. None unless it is set once
    (themes apart) and either used once or, for the page as a whole, named for what is wished."""
    used = _USE.fullmatch(value.strip())
    if used is None:
        return None
    name = used[1] or used[2]
    definitions = list(_definitions(files, name))
    if len(definitions) != 1 or not _is_plain(definitions[0].new, wish):
        return None
    uses = sum(len(re.findall(rf"{re.escape(name)}(?![\w-])(?!\s*:)", text)) for text in _texts(files))
    named = wish.element in ("page", "text") and _NAMES[wish.aspect].search(name.lstrip("-$@"))
    return definitions[0] if uses == 1 or named else None


def _is_plain(value: str, wish: Wish) -> bool:
    return wish.aspect is Aspect.FONT_SIZE or css_colour(value) is not None


def _texts(files: Mapping[str, str]) -> list[str]:
    return [text for _, text in editable(files, None, SHEETS | MARKUP)]


def _definitions(files: Mapping[str, str], name: str) -> list[Place]:
    """The places that set it, but for those in a theme or a media query: they are for another state."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}\s*:\s*(?P<value>[^;}}\n]*[^;}}\s])")
    found: list[Place] = []
    for path, text in editable(files, None, SHEETS | MARKUP):
        for match in pattern.finditer(text):
            opening = text.rfind("{", 0, match.start())
            head = (
                text[max(text.rfind("}", 0, opening), text.rfind(";", 0, opening), 0) : opening] if opening >= 0 else ""
            )
            around = text[: match.start()]
            in_media = around.count("{") - around.count("}") > 1 and "@layer" not in around
            if len(found) > 1:
                return found
            if not re.search(r"dark|light|theme|contrast", head) and not in_media:
                found.append(Place(path, match.start("value"), match.end("value"), match["value"]))
    return found
