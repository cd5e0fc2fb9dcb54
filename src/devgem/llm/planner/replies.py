"""A short reply to a question that was asked back: a number, an app's name, or the only choice agreed to."""

import re

from devgem.llm.planner.lexicon import DESTRUCTIVE
from devgem.llm.planner.plan import Ask, Call
from devgem.llm.planner.understand import understand
from devgem.llm.planner.words import words
from devgem.llm.planner.world import World

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": 0, "1st": 1, "2nd": 2, "3rd": 3}
_REPLY = re.compile(r"(?:the |number |option |no\.? ?|#)*(\w+)(?: one| option| choice)?[.!)]?", re.IGNORECASE)
_YES = words("""yes yep yeah sure ok okay right exactly correct""")


def reply_to(asked: Ask, text: str, world: World) -> str | None:
    """The choice of `asked` that `text` picks; None when it is no reply to it. A destructive one is picked by the
    app's name alone, never by a number or a yes."""
    said = text.strip().rstrip(".!").lower()
    if any(choice.lower() == said for choice in asked.choices):
        return None
    named = [choice for choice in asked.choices if re.sub(r"^(?:the|my) ", "", said) == _app_in(choice, world)]
    if len(named) == 1:
        return named[0]
    found = _REPLY.fullmatch(said)
    if found is None:
        return None
    word, safe = found[1], [choice for choice in asked.choices if not _is_destructive(choice)]
    if len(safe) != len(asked.choices) or not safe:
        return None
    if word in _YES:
        return safe[0] if len(safe) == 1 else None
    number = _ORDINALS.get(word, int(word) if re.fullmatch(r"[1-9]", word) else -1)
    return safe[number - 1] if 0 <= number <= len(safe) else None


def _app_in(choice: str, world: World) -> str | None:
    """The app that a choice is about, as it will be understood."""
    plan = understand(choice, world)
    name = plan.arguments.get("app") or plan.arguments.get("name") if isinstance(plan, Call) else None
    return next((app for app in world.names if app == name or re.search(rf"(?<![\w-]){app}(?![\w-])", choice)), None)


def _is_destructive(choice: str) -> bool:
    return bool(DESTRUCTIVE.intersection(choice.lower().split()))
