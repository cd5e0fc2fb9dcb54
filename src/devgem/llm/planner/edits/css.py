"""Rules and declarations of a style sheet with their offsets: as much of CSS, SCSS and Less as finding them takes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A string that is not closed ends with its line (https://www.w3.org/TR/css-syntax-3/#consume-string-token).
_HIDDEN = re.compile(
    r"/\*.*?(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*+(?:\"|\\|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*+(?:'|\\|(?=\n)|\Z)", re.DOTALL
)
_DEPTH_LIMIT = 8
_LINE_COMMENT = re.compile(r"(?<![:\w])//[^\n]*")
_DECLARATION = re.compile(r"(?P<name>--[\w-]+|[$@][\w-]+|[a-zA-Z-]+)\s*:\s*(?P<value>[^;{}]*?)\s*(?=;|\}|\Z)")


@dataclass(frozen=True)
class Declaration:
    """`text[start:end]` is the value, without `!important`."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Rule:
    """`selectors` in lower case but for classes and ids; `scope` the at-rules and rules around it. `text[start:end]`
    is what stands between its braces."""

    selectors: tuple[str, ...]
    scope: tuple[str, ...]
    start: int
    end: int
    declarations: tuple[Declaration, ...]

    def last(self, *names: str) -> Declaration | None:
        """The declaration that counts among those of these properties: the last."""
        return next((found for found in reversed(self.declarations) if found.name in names), None)


def rules(text: str, start: int = 0, end: int | None = None, *, line_comments: bool = False) -> list[Rule]:
    """The rules of a style sheet, which may be a part of a larger text, in order; nested ones come after theirs."""
    end = len(text) if end is None else end
    plain = text[:start] + _masked(text[start:end], line_comments)
    return list(_rules(text, plain, start, end, ()))


def _masked(text: str, line_comments: bool) -> str:
    """The same length, with blanks for comments and an `x` for each character of a string."""
    text = _HIDDEN.sub(lambda found: (" " if found[0].startswith("/*") else "x") * len(found[0]), text)
    return _LINE_COMMENT.sub(lambda found: " " * len(found[0]), text) if line_comments else text


def _rules(text: str, plain: str, start: int, end: int, scope: tuple[str, ...]) -> Iterator[Rule]:
    position = start
    while (opening := plain.find("{", position, end)) >= 0:
        closing = _closing(plain, opening, end)
        begin = max(plain.rfind(mark, position, opening) for mark in ";}") + 1
        head = " ".join(text[max(begin, position) : opening].split())
        head = re.sub(r"/\*.*?\*/|//.*", "", head).strip()
        inner = opening + 1
        if not head.startswith("@") or (head.startswith(("@layer", "@page")) and not plain.count("{", inner, closing)):
            selectors = tuple(part.strip() for part in head.split(","))
            yield Rule(selectors, scope, inner, closing, _declarations(text, plain, inner, closing))
        if len(scope) < _DEPTH_LIMIT:
            yield from _rules(text, plain, inner, closing, (*scope, head))
        position = closing + 1


def _closing(plain: str, opening: int, end: int) -> int:
    depth = 0
    for found in re.compile(r"[{}]").finditer(plain, opening, end):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return end


def _declarations(text: str, plain: str, start: int, end: int) -> tuple[Declaration, ...]:
    """Those directly in the braces: what stands in rules within is hidden first."""
    level, own = 0, []
    for letter in plain[start:end]:
        level += letter == "{"
        own.append(letter if level == 0 else (";" if letter == "}" else "\n" if letter == "\n" else " "))
        level -= letter == "}"
    shown = "".join(own)
    found = []
    for match in _DECLARATION.finditer(shown):
        value = text[start + match.start("value") : start + match.end("value")]
        value = re.sub(r"\s*!\s*\w+$", "", value)
        at = start + match.start("value")
        found.append(Declaration(match["name"].lower(), value, at, at + len(value)))
    return tuple(found)


def added(text: str, rule: Rule, name: str, value: str) -> tuple[int, str]:
    """Where a declaration goes at the end of a rule, and what is to stand there, in the style of its neighbours."""
    if rule.declarations:
        last = rule.declarations[-1]
        rest = re.compile(r"\s*(?:!\s*\w+)?\s*;?").match(text, last.end, rule.end)
        at = rest.end() if rest and rest[0].strip() else last.end
        closed = bool(rest and rest[0].endswith(";"))
        line = text.rfind("\n", 0, last.start)
        begins = re.compile(r"\s*").match(text, line + 1)
        indent = text[line + 1 : begins.end()] if begins and line >= rule.start - 1 else None
        gap = " " if indent is None else "\n" + indent
        return at, f"{'' if closed else ';'}{gap}{name}: {value};"
    inner = text[rule.start : rule.end]
    if "\n" in inner:
        closing = text[text.rfind("\n", 0, rule.end) + 1 : rule.end]
        return rule.start, f"\n{closing if not closing.strip() else ''}  {name}: {value};"
    return rule.start, f" {name}: {value};" + ("" if inner else " ")
