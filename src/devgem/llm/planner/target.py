"""Which app a clause is about; a question back where that is not plain."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from devgem.llm.planner.clauses import Clause, is_known
from devgem.llm.planner.plan import Ask
from devgem.llm.planner.tokens import Kind
from devgem.llm.planner.words import words
from devgem.llm.planner.world import World

_ALL = re.compile(r"\b(?:all|everything|every|each|both|anything)\b")
_LEADING = words("""of for on from to in app the my our called named""")
_OF = frozenset(["of", "for", "on", "from", "app"])
_OF_ACTS = words(
    """the my our your this that these its it them a an app application site website service server project everything
    all apps thing whole please now again for me us once more right away quickly immediately asap today just also then
    too back to from of on in at with by is be was how before and or off up out new newest latest last current previous
    old older oldest earlier first original prior very working good stable known version versions revision revisions
    release releases one two three four five state way what code deploy deployment deployments redeploy build builds
    rebuild rollout rollback roll revert undo restart reboot bounce reload kick turn give do perform trigger another
    quick start stop cancel abort halt interrupt running online live production prod go get put bring take make push
    move see have want need i we you switch change return step use activate restore serve reactivate ship launch
    publish host retry try update upgrade needs wants could should shut down disable pause suspend shutdown kill
    internet web run so can if possible repo repository here everyone remove delete destroy erase uninstall rid tear
    rm yes no ongoing current container instance process wipe nuke purge terminate unpublish suspend offline that's
    branch tag folder commit directory steps step hard soft fully completely really instantly deployed"""
)
CHOICES_LIMIT = 8


@dataclass(frozen=True)
class Context:
    """`spoken` is the app that an earlier clause of the message was about, `source` an address that it gave."""

    world: World
    spoken: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Target:
    """`explicit` when the app's name was said, `exact` when it was also spelled right; `unknown` is a name that no app
    has."""

    name: str | None = None
    explicit: bool = False
    exact: bool = False
    unknown: str | None = None


def target_of(
    clause: Clause, context: Context, *, prefer: Sequence[str] = (), act: bool = False, by_name: bool = True
) -> Target:
    """The app that is named, else the one that `prefer` leaves no doubt about, else the one last spoken of, else the
    only one."""
    named = clause.all(Kind.APP)
    if named:
        return Target(named[0].word if named[0].word != Kind.APP else named[0].text, True, not named[0].fuzzy)
    if (owned := _by_repository(clause, context.world)) is not None:
        return Target(owned, True, True)
    if by_name and (unknown := _unknown_name(clause, act)) is not None:
        return Target(unknown=unknown)
    world = context.world
    if _ALL.search(clause.words) and len(world.apps) != 1 and not prefer:
        return Target()
    if context.spoken is not None:
        return Target(context.spoken)
    likely = prefer[0] if len(prefer) == 1 else None
    if likely is None and not (len(prefer) > 1 and world.last_app not in prefer):
        likely = world.last_app or (world.names[0] if len(world.apps) == 1 else None)
    return Target(likely if world.app(likely) else None)


def residue(clause: Clause) -> list[str]:
    """The words of an act's clause that are neither its own nor about an app as a whole. With any of them and no app
    named, the act may be meant for something else: a page, a database, a conversation."""
    return [
        token.word
        for token in clause.tokens
        if token.kind is Kind.WORD and token.word not in _OF_ACTS and not re.match(r"v?\d|--?\w", token.word)
    ]


def ask_which(target: Target, context: Context, phrase: str, *, among: Sequence[str] = ()) -> Ask:
    """Which app is meant; `phrase` is the message of a choice, with `{}` for the app."""
    names = list(among or context.world.names)[:CHOICES_LIMIT]
    choices = tuple(phrase.format(name) for name in names)
    if not names:
        return Ask("There is no app yet. Say `deploy owner/repo` to get one.")
    if target.unknown is not None:
        return Ask(f"There is no app {target.unknown!r}. Which one do you mean?", choices)
    return Ask("Which app do you mean?", choices)


def _by_repository(clause: Clause, world: World) -> str | None:
    for token in clause.all(Kind.SOURCE):
        wanted = token.text.lower().removesuffix(".git")
        for app in world.apps:
            location = app.repository.lower().removesuffix(".git")
            if location and (location == wanted or location.endswith("/" + wanted)):
                return app.name
    return None


def _unknown_name(clause: Clause, act: bool) -> str | None:
    """A word that stands where an app's name would: behind `of` and the like, or right behind an act's verb."""
    for position, token in enumerate(clause.tokens):
        if token.kind is not Kind.WORD or is_known(token.word) or not re.match(r"(?!v?\d)[a-z]", token.word):
            continue
        before = clause.tokens[position - 1].word if position else ""
        alone = position == 1 and len(clause.tokens) == 2
        if before in (_LEADING if act else _OF) or ((act or alone) and position and is_known(before)):
            return token.text
    return None
