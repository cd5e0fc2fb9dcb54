"""What a message asks for, by plain rules: no model is needed, and nothing is guessed.

A message that no rule knows is answered with what can be said. The words are those of the command line.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    DEPLOY = "deploy"
    LIST = "list"
    CANCEL = "cancel"
    ROLLBACK = "rollback"
    RESTART = "restart"
    HELP = "help"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Intent:
    """`target` is a source for DEPLOY, an app's name for CANCEL, ROLLBACK and RESTART. Missing: empty."""

    verb: Verb
    target: str = ""
    name: str | None = None
    ref: str | None = None
    dir: str | None = None


_VERBS = {
    "deploy": Verb.DEPLOY,
    "redeploy": Verb.DEPLOY,
    "ship": Verb.DEPLOY,
    "list": Verb.LIST,
    "apps": Verb.LIST,
    "status": Verb.LIST,
    "cancel": Verb.CANCEL,
    "stop": Verb.CANCEL,
    "rollback": Verb.ROLLBACK,
    "restart": Verb.RESTART,
    "help": Verb.HELP,
    "?": Verb.HELP,
}
_FILLERS = frozenset({"please", "pls", "can", "could", "you", "the", "my", "a", "app", "repo", "repository", "project"})
_FILLERS |= {"it", "this", "for", "me", "now", "to", "just"}
_OPTIONS = {
    "as": "name",
    "named": "name",
    "--name": "name",
    "at": "ref",
    "branch": "ref",
    "tag": "ref",
    "commit": "ref",
    "--ref": "ref",
    "in": "dir",
    "folder": "dir",
    "--dir": "dir",
}


def understand(text: str) -> Intent:
    """The intent of a message; Verb.UNKNOWN when no rule fits.

    >>> understand("please deploy owner/shop branch main as shop")
    Intent(verb=<Verb.DEPLOY: 'deploy'>, target='owner/shop', name='shop', ref='main', dir=None)
    """
    words = re.sub(r"\broll(?:ing)?\s+back\b", "rollback", text.strip(), flags=re.IGNORECASE).split()
    verb, rest = Verb.UNKNOWN, words
    for position, word in enumerate(words):
        if (found := _VERBS.get(word.lower().strip(".,!:") or word)) is not None:
            verb, rest = found, words[position + 1 :]
            break
        if word.lower().strip(",") not in _FILLERS:
            break
    return Intent(verb) if verb is Verb.UNKNOWN else _with_arguments(verb, rest)


def _with_arguments(verb: Verb, words: list[str]) -> Intent:
    options: dict[str, str] = {}
    targets: list[str] = []
    waiting: str | None = None
    for word in words:
        bare = word.strip("\"'`<>").rstrip(",;!?")
        if waiting is not None:
            options[waiting], waiting = bare, None
        elif (option := _OPTIONS.get(bare.lower())) is not None and targets:
            waiting = option
        elif "=" in bare and bare.startswith("--") and (option := _OPTIONS.get(bare.split("=")[0])) is not None:
            options[option] = bare.split("=", 1)[1]
        elif bare and bare.lower() not in _FILLERS:
            targets.append(bare)
    if len(targets) > 1:
        return Intent(Verb.UNKNOWN)
    return Intent(verb, targets[0] if targets else "", options.get("name"), options.get("ref"), options.get("dir"))
