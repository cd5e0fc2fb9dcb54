"""Where a text of an element stands: in markup, in a template's expression, in a script's metadata."""

import html
import re
from collections.abc import Iterator, Mapping

from devgem.llm.planner.edits.candidates import JSX, MARKUP, SCRIPTS, Candidate, editable, suffix
from devgem.llm.planner.edits.markup import Element, elements, static_text
from devgem.llm.planner.edits.places import Place
from devgem.llm.planner.edits.wish import Aspect, Wish
from devgem.llm.planner.words import words

_TAGS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",), "heading": ("h1",), "subheading": ("h2",), "button": ("button",), "link": ("a",),
    "paragraph": ("p",), "header": ("header",), "footer": ("footer",), "navigation": ("nav",), "main": ("main",),
    "section": ("section",), "sidebar": ("aside",), "card": ("article",), "code": ("code",),
}  # fmt: skip
_METADATA = re.compile(
    r"(?:metadata\b[^={]{0,100}=\s{0,20}\{|useHead\(\s*\{|\bhead\s*:\s*\{|\bhead\s*\(\s*\{|useSeoMeta\(\s*\{)[^{}]{0,2000}?(?<!\w)title\s*:\s*"
    r"([\"'`])(?P<text>(?:\\.|(?!\1)[^\\\n$])+)\1|document\.title\s*=\s*([\"'`])(?P<text2>(?:\\.|(?!\3)[^\\\n$])+)\3"
)
_LAYOUTS = re.compile(r"(?:^|/)(?:_?layout|base|application|default|_document|_app|app|root|index|main)\b[^/]*$")
_PLACES_LIMIT = 200
_TECHNICAL = words("""class className id href src for htmlFor name key ref rel type style srcset action method""")


def worded(files: Mapping[str, str], wish: Wish) -> list[Candidate]:
    """All places where the text could be meant."""
    if wish.element == "text" and wish.old:
        return list(_occurrences(files, wish))
    found = [
        candidate for path, text in editable(files, wish.path, MARKUP) for candidate in _elements(path, text, wish)
    ]
    if wish.element == "title":
        found.extend(_metadata(files, wish))
    if not found:
        scripts = editable(files, wish.path, SCRIPTS)
        found = [candidate for path, text in scripts for candidate in _elements(path, text, wish)]
    if not found and wish.element == "title":
        found = worded(files, Wish("heading", wish.aspect, wish.value, wish.old, wish.path))
    return found


def written(new: str, path: str, quote: str = "") -> str | None:
    """`new` as it stands in a file, between `quote`s or as the text of an element; None where it cannot."""
    if "\n" in new or "\r" in new:
        return None
    if quote:
        return new.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("${", "\\${")
    if suffix(path) in MARKUP | JSX:
        escaped = html.escape(new, quote=False)
        return escaped.replace("{", "&#123;").replace("}", "&#125;")
    return None if re.search(r"[\"'`\\<]", new) else new


def _elements(path: str, text: str, wish: Wish) -> Iterator[Candidate]:
    tags = _TAGS.get(wish.element, ())
    for element in [found for found in elements(text) if _may_be(found, wish, tags)][:_PLACES_LIMIT]:
        span = _in_element(text, element, wish, tags)
        if span is None:
            continue
        quote = (
            text[span[0] - 1]
            if text[span[0] - 1] in "\"'`" and text[span[0] - 1] == text[span[1] : span[1] + 1]
            else ""
        )
        new = written(wish.value, path, "" if quote and element.name == "input" else quote)
        if new is not None:
            rank = (0, 0 if wish.element != "title" or _LAYOUTS.search(path) else 1)
            yield Candidate(rank, _what(wish, text[span[0] : span[1]], path), (Place(path, *span, new),))


def _may_be(element: Element, wish: Wish, tags: tuple[str, ...]) -> bool:
    is_button = wish.element == "button" and (element.name == "input" or {"btn", "button"} & set(element.classes))
    return element.name in tags or bool(is_button)


def _in_element(text: str, element: Element, wish: Wish, tags: tuple[str, ...]) -> tuple[int, int] | None:
    if wish.element == "button" and element.name == "input" and element.attribute("value"):
        kind, value = element.attribute("type"), element.attribute("value")
        if kind is None or value is None or kind.value not in ("submit", "button"):
            return None
        return (value.start, value.end) if wish.old in (None, value.value) else None
    if element.name == "input":
        return None
    if wish.old:
        at = text.find(wish.old, element.inner, element.close)
        return (at, at + len(wish.old)) if at >= 0 else None
    return static_text(text, element.inner, element.close)


def _metadata(files: Mapping[str, str], wish: Wish) -> Iterator[Candidate]:
    for path, text in editable(files, wish.path, MARKUP | JSX | {".mjs"}):
        for found in _METADATA.finditer(text):
            group = "text" if found["text"] is not None else "text2"
            start, end = found.span(group)
            new = written(wish.value, path, text[start - 1])
            if new is not None and wish.old in (None, found[group]):
                rank = (0, 0 if _LAYOUTS.search(path) else 1)
                yield Candidate(rank, _what(wish, found[group], path), (Place(path, start, end, new),))


def _occurrences(files: Mapping[str, str], wish: Wish) -> Iterator[Candidate]:
    """One candidate for each file that says it: what is a text there, not a class, an address or a part of a word."""
    old = wish.old or ""
    edge = [r"(?<!\w)" if old[0].isalnum() else "", r"(?!\w)" if old[-1].isalnum() else ""]
    pattern = re.compile(edge[0] + re.escape(old) + edge[1])
    for rank, endings in enumerate((MARKUP, SCRIPTS)):
        for path, text in editable(files, wish.path, endings):
            technical = _technical(text) if endings is MARKUP else []
            spans = [found.span() for found in pattern.finditer(text)]
            spans = [] if len(spans) > _PLACES_LIMIT else spans
            spans = [s for s in spans if not any(low <= s[0] < high for low, high in technical)]
            places = tuple(_place(path, text, span, wish.value) for span in spans)
            fitting = tuple(place for place in places if place is not None)
            if places and len(fitting) == len(places):
                yield Candidate((rank, 0), _what(wish, old, path), fitting)


def _technical(text: str) -> list[tuple[int, int]]:
    return [
        (attribute.start, attribute.end)
        for element in elements(text)
        for attribute in element.attributes
        if attribute.name in _TECHNICAL
    ]


def _place(path: str, text: str, span: tuple[int, int], value: str) -> Place | None:
    line = text[text.rfind("\n", 0, span[0]) + 1 : span[0]]
    quotes = [mark for mark in "\"'`" if line.count(mark) % 2 and mark in text[span[1] : span[1] + 500].split("\n")[0]]
    in_markup = suffix(path) in MARKUP and not quotes
    new = written(value, path, quotes[0] if quotes and not in_markup else "")
    return Place(path, *span, new) if new is not None else None


def _what(wish: Wish, text: str, path: str) -> str:
    return Wish(wish.element, Aspect.TEXT, wish.value, text[:80] if '"' not in text else None, path).what
