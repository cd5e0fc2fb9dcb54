"""A simple edit that somebody wishes for, and what can come of it."""

import re
from dataclasses import dataclass
from enum import StrEnum

_ELEMENTS = {
    "page": "page|site|website|body|app|whole page|screen|everything|background",
    "header": "header|top bar|topbar|banner|masthead",
    "footer": "footer|bottom bar",
    "navigation": "nav|navbar|nav bar|navigation|navigation bar|menu|menu bar",
    "sidebar": "sidebar|side bar|aside",
    "main": "main|main part|content|main content",
    "section": "section|hero|hero section",
    "card": "card|cards|box|panel|container",
    "title": "title|page title|site title|tab title|browser title|window title|document title",
    "heading": "heading|headline|main heading|h1|big heading|top heading",
    "subheading": "subheading|sub heading|subtitle|h2|second heading",
    "button": "button|buttons|btn|submit button",
    "link": "link|links|anchor|anchors|a",
    "paragraph": "paragraph|paragraphs|p",
    "text": "text|body text|font|letters|words|text size",
    "table": "table|tables",
    "input": "input|inputs|field|fields|text field|input field",
    "code": "code|pre|code block|code blocks",
}
_ASPECTS = {
    "background": "background colour|background color|background|bg colour|bg color|bg|backdrop|fill",
    "font-size": "font size|fontsize|font-size|text size|size of the text|size",
    "text colour": "text colour|text color|font colour|font color|foreground|foreground colour|foreground color",
    "colour": "colour|color",
    "text": "text|label|wording|caption|content",
}


class Aspect(StrEnum):
    BACKGROUND = "background"
    COLOUR = "text colour"
    FONT_SIZE = "font size"
    TEXT = "text"


@dataclass(frozen=True)
class Wish:
    """`element` is one of the plain words `page`, `header`, `title`, `heading`, `button`, `link`, `text`, ...; `value`
    is a colour, a size or the new text; `old` the present text, where it was said; `path` the file, where it was
    said."""

    element: str
    aspect: Aspect
    value: str
    old: str | None = None
    path: str | None = None

    @property
    def what(self) -> str:
        """The first argument of the tool `change_style`; `wish_of` reads it back."""
        plain_text = self.aspect is Aspect.TEXT
        words = self.element if plain_text else f"{self.element} {self.aspect}"
        old = f' "{self.old}"' if self.old is not None else ""
        return words + old + (f" in {self.path}" if self.path else "")


@dataclass(frozen=True)
class Replacement:
    """`search` occurs exactly once in the file at `path`."""

    path: str
    search: str
    replace: str


@dataclass(frozen=True)
class Unclear:
    """Several places are equally likely. Each choice is a `what` that is clear."""

    question: str
    choices: tuple[str, ...] = ()


def wish_of(what: str, value: str) -> Wish | None:
    """The wish that the arguments of the tool `change_style` say in plain words, such as `header text colour` and
    `white`, `title` and a new title, or `heading "Old"` and a new text. None when they say no simple edit."""
    what, path = _cut(what, r"\s+in\s+(?:the\s+file\s+)?`?([\w./@\[\]()-]+\.\w+)`?\s*$")
    what, old = _cut(what, r"""\s*["'“`](.*)["'”`]\s*$""")
    words = re.sub(r"[^\w\s-]|\b(?:the|my|our|its|of|a|an|all|this)\b", " ", what.lower())
    words = " ".join(words.split())
    if not words or not value.strip():
        return Wish("text", Aspect.TEXT, value, old, path) if old else None
    rest, aspect = _aspect(words)
    element = _element(rest)
    if element is None:
        return None
    if aspect is None:
        aspect = Aspect.TEXT
    if element == "page" and aspect is Aspect.TEXT:
        return None
    return Wish(element, aspect, value.strip(), old, path)


def _aspect(words: str) -> tuple[str, Aspect | None]:
    """The words that are left for the element, and the aspect. "Colour" alone is a button's background and
    everything else's text colour."""
    for name, spellings in _ASPECTS.items():
        found = re.search(rf"(?:^|\s)(?:{spellings})(?:$|\s)", words)
        if found is None:
            continue
        rest = " ".join((words[: found.start()] + " " + words[found.end() :]).split())
        if name == "text":
            return rest or "text", Aspect.TEXT
        if name == "colour":
            return rest or "text", Aspect.BACKGROUND if _element(rest) == "button" else Aspect.COLOUR
        default = "page" if name == "background" else "text"
        known = {"background": Aspect.BACKGROUND, "font-size": Aspect.FONT_SIZE, "text colour": Aspect.COLOUR}
        return rest or default, known[name]
    return words, None


def _element(words: str) -> str | None:
    return next((name for name, spellings in _ELEMENTS.items() if words in spellings.split("|")), None)


def _cut(text: str, pattern: str) -> tuple[str, str | None]:
    found = re.search(pattern, text, re.DOTALL)
    return (text[: found.start()], found[1]) if found else (text.strip(), None)
