"""From a wish to replacements, a question, or the plain word that it takes a model."""

from collections.abc import Mapping

from devgem.llm.planner.edits.candidates import chosen
from devgem.llm.planner.edits.colours import css_colour
from devgem.llm.planner.edits.styles import styled
from devgem.llm.planner.edits.texts import worded
from devgem.llm.planner.edits.values import factor, said_size
from devgem.llm.planner.edits.wish import Aspect, Replacement, Unclear, Wish
from devgem.llm.planner.plan import NeedsModel


def propose(files: Mapping[str, str], wish: Wish) -> list[Replacement] | Unclear | NeedsModel:
    """What fulfils `wish` in an app's files (path to text). The replacements apply in order, each `search` occurring
    exactly once; an empty list says that it is so already."""
    if (refused := _refused(wish)) is not None:
        return refused
    is_text = wish.aspect is Aspect.TEXT
    candidates = worded(files, wish) if is_text else styled(files, wish)
    name = f"the {wish.what.partition(' in ')[0]}"
    found = chosen(files, candidates, f"There are several places for {name}. Which one is meant?")
    if found is not None:
        return found
    said = "stands as fixed text in" if is_text else "is set in"
    return NeedsModel(
        f"I found no place where {name} {said} the app's files; looking further needs a model.",
        ('replace "Old text" with "New text" in index.html', "list the files"),
    )


def _refused(wish: Wish) -> NeedsModel | None:
    if wish.aspect in (Aspect.BACKGROUND, Aspect.COLOUR) and css_colour(wish.value) is None:
        return NeedsModel(f"{wish.value!r} is no colour that I know.", ("say a name such as `navy`, or `#0a2540`",))
    if wish.aspect is Aspect.FONT_SIZE and said_size(wish.value) is None and factor(wish.value) is None:
        return NeedsModel(f"{wish.value!r} is no size that I know.", ("say `18px`, `1.2rem` or `bigger`",))
    if wish.aspect is Aspect.TEXT and (not wish.value.strip() or len(wish.value) > 500):
        return NeedsModel("Texts that are empty or longer than 500 characters are not simple edits.")
    return None
