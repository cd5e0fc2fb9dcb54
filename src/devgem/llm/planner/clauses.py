"""A message as clauses: each says one thing. Politeness is taken off, and what is no command is marked as such."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from devgem.llm.planner.lexicon import COMMON, DESTRUCTIVE, KNOWN
from devgem.llm.planner.tokens import Kind, Token

_JOINING = frozenset({"and", "then", "also", "but", "plus", "afterwards"})
_POLITE = re.compile(
    r"(?:please|let me|(?:can|could|would|will) (?:someone|somebody|anyone)|kindly|just|force|immediately|"
    r"quick|yo|oi|dude|mate|sorry|um|uh|hm+|erm|right|quickly|someone|somebody|just|only|simply|rather|"
    r"(?:hey|hi|hello)(?! (?:there|devgem|all|everyone|you|"
    r"again)(?: |$))|(?:hey|hi|hello) (?:there|devgem)|ok|okay|so|now|well|yes|yeah|yep|sure|alright|"
    r"great|perfect|devgem|then|"
    r"actually|first|next|finally|also|to|"
    r"(?:can|could|would|will) (?:you|we)(?: please)?(?: mind)?|do you mind|would you|"
    r"i (?:really )?(?:want|need|would like|would love|wish)(?: you)? to|i'd (?:really )?(?:like|"
    r"love)(?: you)? to|i'd like|"
    r"let's|let us|go ahead and|go and|time to|we (?:need|want|should|have|must)(?: to)?|you (?:should|must|can)|"
    r"try to|help me(?: to)?(?= (?:deploy|redeploy|restart|rollback|roll|publish|launch|ship|host|cancel|"
    r"open)\b)|i'm trying to|i am trying to|don't forget to|do not forget to|remember to|"
    r"why don't (?:you|we)|it is time to|it's time to|be so kind and|i think (?:we|you) should) "
)
_FRONTED = re.compile(
    r"(?:(?:for|on|in|with|about|regarding) (?:the |my )?@app(?: app)? (?=\w)|"
    r"@app (?=(?:please |needs to be |should be )?(?:roll|rollback|revert|go back|restart|redeploy|cancel|"
    r"set|unset|show|open|"
    r"switch|add)\b))"
)
_NEGATED = re.compile(
    r"(?:(?:but|and|no|oh|wait|hey|stop) )*(?:don't|do not|never(?! mind)|no need(?: to)?|not|must not|mustn't|"
    r"should not|shouldn't|"
    r"avoid|instead of|rather than|without|stop trying to|there is no need to|you (?:don't|do not) (?:need|have) to|"
    r"(?:i|we) (?:don't|do not|never|didn't|did not|haven't) (?:want|need|wish|ask|asked|say|tell|plan|"
    r"mean|intend)\b.*|let's not|"
    r"not yet|please don't)\b"
)
_ASKING_HOW = re.compile(
    r"(?:and |so |but )?(?:how (?:do|can|would|could|should|does|to|might)\b|what (?:does|would|"
    r"will)\b(?! @app)|what happens|"
    r"what's the (?:best )?way|what is the (?:best )?way|is it (?:possible|safe|ok|okay|hard|easy)|"
    r"is there (?:a|any) way|"
    r"(?:can|may|could) i\b(?! (?:see|have|get|look|view|read|preview))|should (?:i|we)\b|do i (?:have|need) to|"
    r"how @?\w+ works|explain how|tell me how|show me how|when (?:do|should|would|can)\b|what (?:is|are) an? )"
)
_CONDITIONAL = re.compile(
    r"\b(?:if|unless|in case|as soon as|once(?! more)|when|whenever|after(?= )|until|before(?= )|tomorrow|"
    r"tonight|tonite|later|daily|"
    r"hourly|nightly|next (?:week|month|monday|friday)|every (?:day|hour|night|week|time|monday|\d+)|"
    r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day|at \d+(?:am|pm|:\d+)?\b(?= ?(?:am|pm|o'clock|utc)|:|$)|"
    r"at \d+ ?(?:am|pm)|in (?:an|\d+|ten|five|two|half an) (?:minute|hour|day|week|second)s?)\b"
)
_TAIL = re.compile(r" (?:because|since|as it|so that|so i|so we|otherwise) .*$")


class Mood(StrEnum):
    PLAIN = "plain"
    NEGATED = "negated"
    ASKING_HOW = "asking how"
    CONDITIONAL = "conditional"


@dataclass(frozen=True)
class Clause:
    """`words` holds one word for each token: its lower-case word, or what stands for its kind (`@app`, `@src`)."""

    tokens: tuple[Token, ...]
    mood: Mood = Mood.PLAIN
    words: str = ""
    is_question: bool = False

    def all(self, kind: Kind) -> list[Token]:
        return [token for token in self.tokens if token.kind is kind]

    def at(self, offset: int) -> Token:
        """The token whose word begins at `offset` of `words`."""
        return self.tokens[self.words.count(" ", 0, offset)]

    def starting(self, offset: int) -> "Clause":
        return _clause(self.tokens[self.words.count(" ", 0, offset) :], self.mood)

    @property
    def mistyped_destructive(self) -> bool:
        return any(token.fuzzy and token.word in DESTRUCTIVE for token in self.tokens)

    @property
    def mentions_app(self) -> bool:
        return any(token.kind is Kind.APP for token in self.tokens)


def clauses(found: list[Token]) -> list[Clause]:
    """The clauses, in order. A break inside a list (`A, B and C`) parts them too: the reader joins them again."""
    parts: list[list[Token]] = [[]]
    asked: set[int] = set()
    for position, token in enumerate(found):
        if token.kind is Kind.BREAK or (token.word in _JOINING and _parts(found, position)):
            if token.text == "?":
                asked.add(len(parts) - 1)
            parts.append([])
        else:
            parts[-1].append(token)
    read = [(_read(_clause(tuple(part), Mood.PLAIN)), i in asked) for i, part in enumerate(parts) if part]
    return [replace(clause, is_question=is_question) for clause, is_question in read]


def _parts(found: list[Token], position: int) -> bool:
    """ "Off and on again" is no two clauses, and "go ahead and" wants its verb."""
    before = found[position - 1].word if position else ""
    after = found[position + 1].word if position + 1 < len(found) else ""
    return before not in ("ahead", "go", "off", "kind", "up", "try", "text") and after not in ("on", "running")


def _clause(tokens: tuple[Token, ...], mood: Mood) -> Clause:
    return Clause(tokens, mood, " ".join(token.word for token in tokens))


def _read(clause: Clause) -> Clause:
    clause = _without_politeness(clause)
    words = clause.words
    if _NEGATED.match(words) and not re.search(r"\bnot (?:working|running|responding|starting|loading|live)", words):
        mood = Mood.NEGATED
    elif _ASKING_HOW.match(words):
        mood = Mood.ASKING_HOW
    elif _CONDITIONAL.search(words) and not re.match(r"when (?:was|did|were|is|has)\b", words):
        mood = Mood.CONDITIONAL
    else:
        mood = Mood.PLAIN
    if mood is Mood.PLAIN and (tail := _TAIL.search(words)):
        clause = _clause(clause.tokens[: words.count(" ", 0, tail.start()) + 1], mood)
    return Clause(clause.tokens, mood, clause.words)


def _without_politeness(clause: Clause) -> Clause:
    """`For shop, roll back` keeps its app: what is fronted goes to the end."""
    while True:
        if found := _POLITE.match(clause.words):
            clause = clause.starting(found.end())
        elif found := _FRONTED.match(clause.words):
            count = clause.words.count(" ", 0, found.end())
            clause = _clause(clause.tokens[count:] + clause.tokens[:count], clause.mood)
        else:
            return clause


def is_known(word: str) -> bool:
    return word in KNOWN or word in COMMON or word.startswith(("@", "-"))
