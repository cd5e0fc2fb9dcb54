"""Where a colour or a size of an element is set, or would be: rules, utility classes, inline styles.

The order of the ranks is the browser's: what overrules the others comes first, so that an edit is seen.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from devgem.llm.planner.edits import tailwind
from devgem.llm.planner.edits.candidates import JSX, MARKUP, SHEETS, Candidate, editable, suffix
from devgem.llm.planner.edits.colours import css_colour
from devgem.llm.planner.edits.css import Rule, added, rules
from devgem.llm.planner.edits.markup import Attribute, Element, elements, static_text
from devgem.llm.planner.edits.places import Place
from devgem.llm.planner.edits.values import NAMES, new_value
from devgem.llm.planner.edits.variables import definition_of
from devgem.llm.planner.edits.wish import Aspect, Wish

_INLINE, _UTILITY, _DECLARED, _RULE, _UTILITY_ADDED, _SHEET, _STYLE_ADDED = range(7)
_TAGS = {
    "page": "body", "text": "body", "header": "header", "footer": "footer", "navigation": "nav", "sidebar": "aside",
    "main": "main", "section": "section", "title": "h1", "heading": "h1", "subheading": "h2", "button": "button",
    "link": "a", "paragraph": "p", "table": "table", "input": "input", "code": "pre",
}  # fmt: skip
_SELECTORS: Mapping[str, Sequence[str]] = {
    "page": ("body", "html, body", "html", ":root", "#root", "#app", ".app", ".App"),
    "text": ("body", "html", ":root"),
    "header": ("header", ".header", "#header", ".site-header", ".page-header", ".masthead", ".topbar", ".App-header"),
    "footer": ("footer", ".footer", "#footer", ".site-footer", ".page-footer"),
    "navigation": ("nav", ".nav", ".navbar", "#nav", ".navigation", ".menu", "#navbar"),
    "sidebar": ("aside", ".sidebar", "#sidebar"),
    "main": ("main", ".main", "#main", ".content", "#content"),
    "section": ("section", ".section", ".hero", "#hero"),
    "card": (".card", ".panel", ".box", ".container"),
    "title": ("h1", ".title", ".page-title", "header h1", "#title"),
    "heading": ("h1", ".heading", ".headline", ".title", "header h1", "#heading"),
    "subheading": ("h2", ".subtitle", ".subheading"),
    "button": ("button", ".btn", ".button", ".btn-primary", "input[type=submit]", 'input[type="submit"]'),
    "link": ("a", "a:link", ".link"),
    "paragraph": ("p",),
    "table": ("table", ".table"),
    "input": ("input", ".input"),
    "code": ("pre", "code"),
}
_ELEMENTS_LIMIT = 5_000
_MAIN_SHEETS = ("globals", "global", "app", "application", "style", "styles", "main", "index", "site", "base")
_SAFE_SCOPE = re.compile(r"@layer\b|@supports\b|@media (?:screen|all)$")
_CAMEL = {"background-color": "backgroundColor", "background": "background", "color": "color", "font-size": "fontSize"}


def styled(files: Mapping[str, str], wish: Wish) -> list[Candidate]:
    """All places where the wish could be fulfilled."""
    uses_utilities = tailwind.uses_tailwind(files)
    found = [*_in_markup(files, wish, uses_utilities), *_in_rules(files, wish)]
    if not any(candidate.rank[0] <= _RULE for candidate in found):
        found.extend(_in_new_rule(files, wish))
    return found


def _in_rules(files: Mapping[str, str], wish: Wish) -> Iterator[Candidate]:
    """In each file the last rule of a selector counts; so does its last declaration."""
    selectors = (wish.old,) if wish.old and not wish.old[0].isalnum() else _SELECTORS.get(wish.element, ())
    for path, text, rule_list in _sheets(files, wish.path):
        for position, selector in enumerate(selectors):
            matching = [rule for rule in rule_list if _is_for(rule, selector)]
            declared = [rule for rule in matching if rule.last(*NAMES[wish.aspect])]
            for rank, rule in [(_DECLARED, rule) for rule in declared[-1:]] or [
                (_RULE, rule) for rule in matching[-1:]
            ]:
                place = _in_rule(files, path, text, rule, wish)
                if place is not None:
                    yield Candidate((rank, position), _what(wish, path, ""), (place,))


def _is_for(rule: Rule, selector: str) -> bool:
    safe = all(_SAFE_SCOPE.match(around) for around in rule.scope)
    return safe and (selector in rule.selectors or selector == ", ".join(rule.selectors))


def _sheets(files: Mapping[str, str], path: str | None) -> Iterator[tuple[str, str, list[Rule]]]:
    for name, text in editable(files, path, SHEETS):
        yield name, text, rules(text, line_comments=suffix(name) in (".scss", ".less"))
    for name, text in editable(files, path, MARKUP):
        for element in elements(text):
            if element.name.lower() == "style" and element.close > element.inner:
                yield name, text, rules(text, element.inner, element.close)


def _in_rule(files: Mapping[str, str], path: str, text: str, rule: Rule, wish: Wish) -> Place | None:
    declared = rule.last(*NAMES[wish.aspect])
    if declared is None:
        value = new_value(wish, None)
        if value is None:
            return None
        at, new = added(text, rule, NAMES[wish.aspect][0], value)
        return Place(path, at, at, new)
    defined = definition_of(files, declared.value, wish)
    if defined is not None:
        value = new_value(wish, defined.new)
        return Place(defined.path, defined.start, defined.end, value) if value else None
    value = new_value(wish, declared.value)
    return Place(path, declared.start, declared.end, value) if value else None


def _in_markup(files: Mapping[str, str], wish: Wish, uses_utilities: bool) -> Iterator[Candidate]:
    tag = _TAGS.get(wish.element)
    for path, text in editable(files, wish.path, MARKUP | (JSX if uses_utilities else frozenset())):
        for element in elements(text)[:_ELEMENTS_LIMIT]:
            fills_page = wish.element == "page" and {"min-h-screen", "h-screen"} & set(element.classes)
            if element.name != tag and not fills_page and not _is_named(element, wish):
                continue
            if wish.old and not _is_meant(text, element, wish.old):
                continue
            for rank, place in _of_element(path, text, element, wish, uses_utilities):
                if not (fills_page and rank == _STYLE_ADDED):
                    yield Candidate(
                        (rank, int(element.name != tag)), _what(wish, path, _label(text, element)), (place,)
                    )


def _is_named(element: Element, wish: Wish) -> bool:
    return wish.element == "button" and element.name == "a" and bool({"btn", "button"} & set(element.classes))


def _is_meant(text: str, element: Element, old: str) -> bool:
    if old[:1] in ".#":
        return old[1:] in (*element.classes, element.id)
    return old in text[element.inner : element.close]


def _label(text: str, element: Element) -> str:
    span = static_text(text, element.inner, element.close) if element.name not in ("body", "html") else None
    return text[span[0] : span[1]][:60] if span else ""


def _of_element(
    path: str, text: str, element: Element, wish: Wish, uses_utilities: bool
) -> Iterator[tuple[int, Place]]:
    style, classes = element.attribute("style"), element.attribute("class", "className")
    fixed = classes is not None and (not classes.braces or re.fullmatch(r"\s*([\"'`])[^\"'`${}]*\1\s*", classes.value))
    inline = _inline(path, style, wish) if style else None
    old_attribute = element.attribute("bgcolor")
    if inline is not None:
        yield _INLINE, inline
    elif old_attribute is not None and wish.aspect is Aspect.BACKGROUND and (colour := css_colour(wish.value)):
        yield _INLINE, Place(path, old_attribute.start, old_attribute.end, colour)
    elif uses_utilities and classes is not None and fixed and (new := _reclassed(classes, wish)) is not None:
        has = tailwind.styles(element.classes, wish.aspect)
        yield (_UTILITY if has else _UTILITY_ADDED), Place(path, classes.start, classes.end, new)
    elif uses_utilities and classes is None and (name := tailwind.restyled("", wish)) is not None:
        attribute = "className" if suffix(path) in JSX else "class"
        yield _UTILITY_ADDED, Place(path, element.attributes_end, element.attributes_end, f' {attribute}="{name}"')
    elif (value := new_value(wish, None)) is not None and (place := _with_style(path, element, style, wish, value)):
        yield _STYLE_ADDED, place


def _reclassed(classes: Attribute, wish: Wish) -> str | None:
    if not classes.braces:
        return tailwind.restyled(classes.value, wish)
    bare = classes.value.strip()
    new = tailwind.restyled(bare[1:-1], wish)
    return None if new is None else classes.value.replace(bare, bare[0] + new + bare[-1])


def _inline(path: str, style: Attribute, wish: Wish) -> Place | None:
    for name in NAMES[wish.aspect]:
        if style.braces:
            pattern = rf"(?<![\w-]){_CAMEL[name]}\s*:\s*(?:([\"'`])(?P<value>[^\"'`]*)\1|(?P<number>\d+(?:\.\d+)?))"
        else:
            pattern = rf"(?<![\w-]){name}\s*:\s*(?P<value>[^;{{}}<]*[^;{{}}<\s])(?P<number>)"
        found = re.search(pattern, style.value)
        if found is None:
            continue
        group = "value" if found["value"] is not None else "number"
        value = new_value(wish, found[group] if group == "value" else f"{found[group]}px")
        if value is None:
            return None
        if group == "number":
            value = value.removesuffix("px") if value.endswith("px") else f"'{value}'"
        return Place(path, style.start + found.start(group), style.start + found.end(group), value)
    return None


def _with_style(path: str, element: Element, style: Attribute | None, wish: Wish, value: str) -> Place | None:
    """An inline style added: the last resort, where no style sheet is."""
    name = NAMES[wish.aspect][0]
    if suffix(path) in JSX:
        at = element.attributes_end
        return None if style else Place(path, at, at, f" style={{{{ {_CAMEL[name]}: '{value}' }}}}")
    if style is None:
        return Place(path, element.attributes_end, element.attributes_end, f' style="{name}: {value}"')
    if style.braces:
        return None
    gap = "" if not style.value.strip() else " " if style.value.rstrip().endswith(";") else "; "
    return Place(path, style.end, style.end, f"{gap}{name}: {value}")


def _in_new_rule(files: Mapping[str, str], wish: Wish) -> Iterator[Candidate]:
    """A rule at the end of the app's main style sheet, or of a page's own styles."""
    tag, value = _TAGS.get(wish.element), new_value(wish, None)
    if tag is None or value is None or wish.old or not (tag == "body" or _occurs(files, tag)):
        return
    rule = f"{tag} {{\n  {NAMES[wish.aspect][0]}: {value};\n}}\n"
    for path, text in editable(files, wish.path, SHEETS):
        stem = path.rpartition("/")[2].partition(".")[0].lower()
        if text.strip() and ".module." not in path:
            place = Place(path, len(text), len(text), ("" if text.endswith("\n") else "\n") + "\n" + rule)
            rank = _MAIN_SHEETS.index(stem) if stem in _MAIN_SHEETS else len(_MAIN_SHEETS)
            yield Candidate((_SHEET, rank), _what(wish, path, ""), (place,))


def _occurs(files: Mapping[str, str], tag: str) -> bool:
    return any(re.search(rf"<{tag}[\s>/]", text) for _, text in editable(files, None, MARKUP | JSX))


def _what(wish: Wish, path: str, label: str) -> str:
    old = label if label and '"' not in label else wish.old
    return Wish(wish.element, wish.aspect, wish.value, old or None, path).what
