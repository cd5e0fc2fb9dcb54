"""Elements and attributes of HTML, templates, JSX and single-file components, with their offsets."""

import re
from dataclasses import dataclass

from devgem.llm.planner.words import words

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w.:-]*)")
_COMMENT = re.compile(
    r"<!--.*?(?:-->|\Z)|(?<!\{)\{#(?!(?:if|each|await|key|snippet)\b)(?:[^#]|#(?!\})){0,1000}+#\}|"
    r"\{\{!--.*?(?:--\}\}|\Z)|\{/\*.*?(?:\*/\}|\Z)|<%#.*?(?:%>|\Z)|<%--.*?(?:--%>|\Z)",
    re.DOTALL,
)
_RAW = re.compile(r"(?is)(<(script|style|textarea)\b[^<>]{0,2000}>)(.*?)(?=</\2\s*>|\Z)")
_DYNAMIC = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|<%.*?%>|<\?.*?\?>|\{[^{}]*\}|@\w+\([^)]*\)|<[^>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r"(?P<name>[@:#*\w\[\](){}.-][\w:.@\[\]()-]{0,100})\s{0,100}=\s{0,100}(?=[\"'{])")
_BRACE = re.compile(r"[{}]")
_EXPRESSIONS = {"{%": "%}", "{{": "}}", "<%": "%>", "<?": "?>"}
# What repositories hold is not trusted: no tag is read further, and no file longer, than real ones need.
_TAG_LIMIT, _READ_LIMIT, _TEXT_LIMIT = 5_000, 1_000_000, 5_000
_STRING = re.compile(r"\"([^\"\n<>{}%]+)\"|'([^'\n<>{}%]+)'|`([^`\n<>{}$%]+)`")
# What stands between a fixed text and an expression beside it belongs to neither.
_BETWEEN = " \t\r\n-–—|·:•/,"
_VOID = words("""area base br col embed hr img input link meta source track wbr""")


@dataclass(frozen=True)
class Attribute:
    """`text[start:end]` is the value without its quotes; in braces (JSX) with what is between them."""

    name: str
    value: str
    start: int
    end: int
    braces: bool


@dataclass(frozen=True)
class Element:
    """`start` is at its `<`; `text[inner:close]` is what it holds; `attributes_end` where another attribute may go."""

    name: str
    start: int
    attributes_end: int
    inner: int
    close: int
    attributes: tuple[Attribute, ...]

    def attribute(self, *names: str) -> Attribute | None:
        return next((found for found in self.attributes if found.name in names), None)

    @property
    def classes(self) -> tuple[str, ...]:
        found = self.attribute("class", "className")
        return tuple(found.value.strip("'\"` ").split()) if found else ()

    @property
    def id(self) -> str:
        found = self.attribute("id")
        return found.value if found else ""


def elements(text: str) -> list[Element]:
    """All elements, in the order in which they begin. An element that is not closed ends at its own tag."""
    plain = _COMMENT.sub(lambda found: " " * len(found[0]), text)
    plain = _RAW.sub(lambda found: found[1] + re.sub(r"[<>{}]", " ", found[3]), plain)
    found: list[Element] = []
    open_at: list[int] = []
    position = 0
    read = 0
    while read < _READ_LIMIT and (tag := _TAG.search(plain, position)):
        position = tag.end()
        if tag["close"]:
            _close(found, open_at, tag["name"], tag.start())
            continue
        attributes, end, reached = _attributes(plain, text, position)
        read += reached - position
        if end < 0:
            continue
        closed = plain[end - 2 : end] == "/>"
        before = end - 2 if closed else end - 1
        before = tag.end() + len(plain[tag.end() : before].rstrip())
        found.append(Element(tag["name"], tag.start(), before, end, end, attributes))
        if not closed and tag["name"].lower() not in _VOID:
            open_at.append(len(found) - 1)
        position = end
    return found


def _close(found: list[Element], open_at: list[int], name: str, at: int) -> None:
    for depth in range(len(open_at) - 1, max(-1, len(open_at) - 50), -1):
        element = found[open_at[depth]]
        if element.name == name:
            found[open_at[depth]] = Element(
                name, element.start, element.attributes_end, element.inner, at, element.attributes
            )
            del open_at[depth:]
            return


def _attributes(plain: str, text: str, position: int) -> tuple[tuple[Attribute, ...], int, int]:
    """The attributes of a tag, where the tag ends (-1 when it does not, and so is none), and how far was read."""
    found: list[Attribute] = []
    limit = min(len(plain), position + _TAG_LIMIT)
    while position < limit:
        letter = plain[position]
        if letter == ">":
            return tuple(found), position + 1, position
        if plain[position : position + 2] in _EXPRESSIONS:
            close = plain.find(_EXPRESSIONS[plain[position : position + 2]], position, limit)
            position = limit if close < 0 else close + 2
        elif letter == "<":
            return (), -1, position
        elif match := _ATTRIBUTE.match(plain, position, limit):
            start, opening = match.end() + 1, match.end()
            in_braces = plain[opening] == "{"
            end = _braced(plain, opening, limit) if in_braces else plain.find(plain[opening], start, limit)
            if end < 0:
                return (), -1, limit
            found.append(Attribute(match["name"], text[start:end], start, end, in_braces))
            position = end + 1
        elif letter == "{":
            close = _braced(plain, position, limit)
            position = limit if close < 0 else close + 1
        else:
            position += 1
    return (), -1, limit


def _braced(plain: str, opening: int, limit: int) -> int:
    depth = 0
    for found in _BRACE.finditer(plain, opening, limit):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return -1


def static_text(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The one stretch of fixed text in `text[start:end]`: beside tags and template expressions, else the one string in
    an expression. None when there is none or more than one, or the whole is too long to be one."""
    if end - start > _TEXT_LIMIT:
        return None
    stretches: list[tuple[int, int]] = []
    position = start
    for dynamic in [*_DYNAMIC.finditer(text, start, end), None]:
        stop = dynamic.start() if dynamic else end
        piece = text[position:stop]
        if any(letter.isalnum() for letter in piece):
            before = _BETWEEN if position > start else None
            behind = _BETWEEN if dynamic else None
            lead = len(piece) - len(piece.lstrip(before))
            stretches.append((position + lead, position + len(piece.rstrip(behind))))
        position = dynamic.end() if dynamic else end
    if stretches:
        return stretches[0] if len(stretches) == 1 else None
    strings = [found for found in _STRING.finditer(text, start, end) if " : " not in text[start:end]]
    strings = [found for found in strings if any(letter.isalnum() for letter in found[0])]
    if len(strings) != 1:
        return None
    group = next(number for number in (1, 2, 3) if strings[0][number] is not None)
    return strings[0].span(group)
