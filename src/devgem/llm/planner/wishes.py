"""Simple edits in a message: which element gets which colour, size or text."""

import re
from collections.abc import Callable

from devgem.llm.planner.edits.colours import COLOUR_WORDS
from devgem.llm.planner.edits.wish import Aspect, Wish, wish_of
from devgem.llm.planner.plan import Ask, Call, Plan, Several
from devgem.llm.planner.target import Context, Target, ask_which
from devgem.llm.planner.tokens import Kind, tokens
from devgem.llm.planner.world import World

_LIMIT = 1000
_COLOUR = (
    r"(?:#[0-9a-fA-F]{3,8}\b|(?:rgba?|hsla?|oklch)\([^)]*\)|(?:a )?(?:(?:dark|light|pale|bright|deep|"
    r"medium|very|hot|sky|"
    rf"navy|royal|forest|lime|soft|nice)[ -]?)*(?:{'|'.join(COLOUR_WORDS)})\b)"
)
_SIZE = (
    r"(?:(?:a (?:bit|little) |much |slightly |twice as )?(?:bigger|larger|smaller|big|large|small|tiny|huge)|"
    r"\d+(?:\.\d+)?\s?(?:px|rem|em|pt|%|pixels?))"
)
_TEXT = r"(?:\"[^\"]*\"|“[^”]*”|'[^']*'|`[^`]*`|.+?)"
_FILE = r"[\w./@\[\]()-]+\.\w{1,10}"
_POLITE = re.compile(
    r"(?i)^(?:please|kindly|hey|hi|ok|okay|now|and|then|also|just|can you|could you|would you|will you|can u|"
    r"i(?:'d| would)? (?:like|want)(?: you)? to|i want|i'd like|let's|lets|go ahead and|we should|,)[\s,]+"
)
_ENDING = re.compile(r"(?i)[\s,]*(?:please|pls|thanks|thank you|for me)?[\s.!?]*$")
_THEN = re.compile(
    r"(?i)(?:\s*,\s*(?:and\s+)?(?:then\s+)?|\s+(?:and|then)\s+(?:then\s+)?)(?=(?:deploy|ship|publish|"
    r"preview|show|restart|undo|"
    r"redo|diff|push|run the tests|open a)\b)"
)
_VERB = r"(?:change|make|set|turn|colou?r|paint|update|switch|edit|put|rename|modify|adjust|give)"
_REPLACE = re.compile(
    r"(?is)(?:replace|swap|substitute)\s+(?:the\s+)?(?:(?:text|word|words|string|"
    rf"phrase)\s+)?(?P<old>{_TEXT})\s+(?:with|by|for)\s+(?P<new>{_TEXT})"
    rf"(?:\s+in\s+(?:the\s+file\s+)?[\"`']?(?P<path>{_FILE})[\"`']?)?$"
)
_QUOTED_CHANGE = re.compile(
    r"(?is)(?:change|rename|edit|update)\s+(?:the\s+)?(?:text\s+|words?\s+)?(?P<old>\"[^\"]+\"|“[^”]+”|"
    rf"'[^']+'|`[^`]+`)\s+(?:to|into|with)\s+(?P<new>{_TEXT})"
    rf"(?:\s+in\s+(?:the\s+file\s+)?[\"`']?(?P<path>{_FILE})[\"`']?)?$"
)
_FROM_TO = re.compile(
    rf"(?is){_VERB}\s+(?P<what>(?:the\s+|my\s+)?[\w -]+?)\s+from\s+(?P<old>{_TEXT})\s+(?:to|into)\s+(?P<new>{_TEXT})$"
)
_TO = re.compile(rf"(?is){_VERB}\s+(?P<what>(?:the\s+|my\s+)?[\w -]+?)\s+(?:to\s+be|to|into|as|=)\s+(?P<new>{_TEXT})$")
_INTO = re.compile(rf"(?is){_VERB}\s+(?P<what>(?:the\s+|my\s+|all\s+)?[\w -]+?)\s+(?P<new>{_COLOUR}|{_SIZE})$")
_SHOULD = re.compile(
    r"(?is)(?P<what>(?:the\s+|my\s+)?[\w -]+?)\s+(?:should|must|needs to|has to|ought to|to)\s+(?:be|say|"
    rf"read|become)\s+(?P<new>{_TEXT})$"
)
_WANTED = re.compile(
    rf"(?is)(?:(?:use|give me|give it|add|have|make it have|with)\s+)?an?\s+(?P<new>{_COLOUR}|"
    rf"{_SIZE})\s+(?P<what>[\w -]+)$"
)
_GROWN = re.compile(
    r"(?is)(?P<verb>increase|enlarge|grow|raise|decrease|reduce|shrink|lower)\s+(?P<what>(?:the\s+|my\s+)?[\w -]+?)"
    rf"(?:\s+(?:to|by)\s+(?P<new>{_SIZE}))?$"
)
_LISTED = re.compile(rf"(?is)(?P<what>[\w -]+?)(?:\s*[:=]|\s+to)?\s+(?P<new>{_COLOUR}|{_SIZE})$")
_GIVEN = re.compile(
    rf"(?is)give\s+(?P<element>(?:the\s+|my\s+)?[\w -]+?)\s+an?\s+(?P<new>{_COLOUR}|{_SIZE})\s+(?P<what>[\w -]+)$"
)
_MORE = re.compile(rf"(?is)\s+and\s+(?=(?:the\s+|my\s+)?[\w ]+?\s+(?:to\s+)?(?:{_COLOUR}|{_SIZE})\s*(?:$|\s+and\s))")
_COLOURED_BEHIND = frozenset({"page", "header", "footer", "navigation", "sidebar", "main", "section", "card", "button"})


def plan_wish(text: str, world: World, understand: Callable[[str, World], Plan]) -> Plan | None:
    """The plan for a message that is a simple edit, and what it asks for after it; None for every other message."""
    if len(text) > _LIMIT:
        return None
    head, tail = _parted(text)
    head, app = _without_app(_ENDING.sub("", head), world)
    parts = _MORE.split(head)
    verb = re.match(r"\s*\w+", _cleaned(parts[0]))
    calls: list[Call] = []
    for position, part in enumerate(parts):
        call = _edit(_cleaned(part) if position == 0 or verb is None else f"{verb[0]} {part}")
        if call is None:
            return None
        calls.append(call)
    return _on_app(calls, app, tail, text, world, understand)


def _on_app(
    calls: list[Call], app: str | None, tail: str, text: str, world: World, understand: Callable[[str, World], Plan]
) -> Plan:
    only = world.names[0] if len(world.apps) == 1 else None
    name = app or world.last_app or (world.edited[0] if len(world.edited) == 1 else None) or only
    if name is None:
        return ask_which(Target(), Context(world), _for_each(text, tail))
    edits = tuple(Call(call.tool, {"app": name, **call.arguments}) for call in calls)
    if not tail:
        return edits[0] if len(edits) == 1 else Several(edits)
    edited = World(
        world.apps, name, world.running, world.failed, world.failure, tuple(dict.fromkeys((*world.edited, name)))
    )
    after = understand(tail, edited)
    if isinstance(after, Call | Several):
        return Several(edits + (after.calls if isinstance(after, Several) else (after,)))
    return after if isinstance(after, Ask) else Several(edits) if len(edits) > 1 else edits[0]


def _edit(said: str) -> Call | None:
    for pattern in (_REPLACE, _QUOTED_CHANGE):
        if found := pattern.match(said):
            old, new, path = _bare(found["old"]), _bare(found["new"]), found["path"]
            if path:
                return Call("edit_file", {"path": path, "search": old, "replace": new})
            return _style(Wish("text", Aspect.TEXT, new, old))
    if (found := _GROWN.match(said)) and (wish := wish_of(found["what"], "bigger")) is not None:
        smaller = found["verb"].lower() in ("decrease", "reduce", "shrink", "lower")
        value = found["new"] or ("smaller" if smaller else "bigger")
        return _style(Wish(wish.element, Aspect.FONT_SIZE, value)) if wish.aspect is Aspect.FONT_SIZE else None
    for pattern in (_GIVEN, _FROM_TO, _TO, _SHOULD, _INTO, _WANTED, _LISTED):
        found = pattern.match(said)
        wish = _wish(found.groupdict()) if found else None
        if wish is not None:
            return _style(wish)
    return None


def _wish(found: dict[str, str]) -> Wish | None:
    what, new = f"{found.get('element', '')} {found['what']}".strip(), _bare(found["new"])
    old = _bare(found["old"]) if found.get("old") else None
    is_colour = re.fullmatch(rf"(?is){_COLOUR}", new) is not None
    is_size = re.fullmatch(rf"(?is){_SIZE}", new) is not None
    wish = wish_of(what, new)
    if is_size and (sized := wish_of(f"{what} font size", new)) is not None:
        wish = wish if wish and wish.aspect is Aspect.FONT_SIZE else sized
    elif is_colour and (wish is None or wish.aspect is Aspect.TEXT):
        wish = wish_of(f"{what} background", new) or wish_of(f"{what} colour", new)
        if wish is not None and wish.element not in _COLOURED_BEHIND:
            wish = Wish(wish.element, Aspect.COLOUR, wish.value)
        elif wish is not None and re.search(r"(?i)\btext\b", what):
            wish = wish_of(f"{what} colour", new)
    if wish is None or (wish.aspect is not Aspect.TEXT and not (is_colour or is_size)):
        return None
    if old is not None:
        wish = Wish(wish.element, wish.aspect, wish.value, old if wish.aspect is Aspect.TEXT else None)
    value = re.sub(r"^a ", "", wish.value) if is_colour else wish.value
    return Wish(wish.element, wish.aspect, value, wish.old)


def _style(wish: Wish) -> Call:
    return Call("change_style", {"what": wish.what, "value": wish.value})


def _parted(text: str) -> tuple[str, str]:
    found = _THEN.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _without_app(text: str, world: World) -> tuple[str, str | None]:
    for name in world.names:
        spelled = re.escape(name)
        for pattern in (
            rf"(?i)\s+(?:on|in|of|for|at)\s+(?:the\s+|my\s+)?{spelled}(?:\s+app)?(?=$|\s+(?:to|from|into)\s)",
            rf"(?i)^\s*(?:on|in|for)\s+(?:the\s+|my\s+)?{spelled}(?:\s+app)?\s*,?\s+",
            rf"(?i)\b{spelled}'s\s+",
        ):
            if re.search(pattern, text):
                return re.sub(pattern, "", text, count=1), name
    return text, None


def _cleaned(text: str) -> str:
    """Without politeness, and with the words of the elements and verbs spelled right."""
    text = text.strip()
    while found := _POLITE.match(text):
        text = text[found.end() :]
    text = re.sub(r"(?i)['’]s(?=\s+(?:text|font|background|bg|colou?r|size|label)\b)", "", text)
    text = re.sub(rf"(?is)^in\s+[`\"']?({_FILE})[`\"']?\s*,?\s+((?:replace|swap|change|rename).*)$", r"\2 in \1", text)
    head = re.match(r"[^\"“'`]*", text)
    for token in tokens(head[0] if head else "", ()):
        if token.fuzzy and token.kind is Kind.WORD:
            text = text.replace(token.text, token.word, 1)
    return text


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] + text[-1] in ('""', "''", "``", "“”") else text


def _for_each(text: str, tail: str) -> str:
    """The message with a place for an app's name, as close to what was said as can be."""
    head = _parted(text)[0] if tail else text
    said = _ENDING.sub("", head).replace("{", "{{").replace("}", "}}")
    found = re.match(r"(?is)(.+?)(\s+(?:to|from)\s+.+)$", said)
    placed = f"{found[1]} of {{}}{found[2]}" if found else said + " on {}"
    return f"{placed}, then {tail}" if tail else placed
