"""A message taken apart: words, and what is no word but an address, a file, a quotation or a config var."""

import re
from dataclasses import dataclass
from enum import StrEnum

from devgem.llm.planner.lexicon import COMMON, DESTRUCTIVE, KNOWN, meant_word

TEXT_LIMIT = 8_000
WORD_LIMIT = 400


class Kind(StrEnum):
    """The value is what stands for such a token in a clause's words."""

    WORD = ""
    BREAK = "|"
    APP = "@app"
    SOURCE = "@src"
    FILE = "@file"
    QUOTED = "@quo"
    ASSIGNED = "@set"
    NAME = "@var"
    BLOCK = "@blk"


@dataclass(frozen=True)
class Token:
    """`text` is what was typed, without the punctuation around it; `word` what it is taken for in lower case;
    `fuzzy` is true when that is another word than was typed."""

    kind: Kind
    text: str
    word: str
    fuzzy: bool = False


_ENDINGS = (
    "html?|css|scss|sass|less|jsx?|tsx?|mjs|vue|svelte|erb|hbs|handlebars|j2|jinja2?|ejs|njk|liquid|py|rb|go|rs|php|java|"
    "kt|ex|exs|heex|eex|cs|json|ya?ml|toml|md|txt|sh|lock|cfg|ini|xml|sql|astro|mdx|pug|haml|twig|blade"
)
_FILE = rf"(?:[\w@.\[\]-]+/)*[\w.\[\]-]+\.(?:{_ENDINGS})"
_PATTERN = re.compile(
    "|".join(
        (
            r"(?P<block>```.*?```|```.*\Z)",
            r"(?P<comment>(?<![^\n])[ \t]*\#[^\n]*)",
            r"(?P<set>(?<![\w-])(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*=(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,;]*))",
            r"(?P<quo>\"[^\"\n]*\"|“[^”\n]*”|`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)|«[^»\n]*»)",
            r"(?P<url>(?i:https?|ssh|git|git\+ssh|git\+https|file)://[^\s<>\"'`]+)",
            r"(?P<scp>[\w.-]+@[\w.-]+:[^\s<>\"'`]+)",
            r"(?P<option>--[a-z][a-z-]*(?==|\b))",
            r"(?P<hosted>(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}/[^\s<>\"'`/]+/[^\s<>\"'`]+)",
            r"(?P<folder>(?<![\w.])(?:~|\.{1,2})?/[^\s,;\"'`<>]*|(?<!\S)\.{1,2}(?=\s|$))",
            rf"(?P<file>{_FILE}(?![\w/]))",
            r"(?P<slashed>[A-Za-z0-9][\w.-]*(?:/[\w.-]+)+(?:[@#][\w./-]+)?)",
            r"(?P<colour>\#[0-9a-fA-F]{3,8}\b)",
            r"(?P<word>[^\W_](?:[\w'’-]|\.(?=\w)|:(?=\d))*|_\w+)",
            r"(?P<option1>(?<!\S)-[a-z](?=\s))",
            r"(?P<break>[,;\n!?]|\.(?=\s|$))",
        )
    ),
    re.DOTALL,
)
_SOURCES = frozenset({"url", "scp", "hosted", "folder", "slashed"})
_NOT_SOURCES = re.compile(r"(?i)and/or|on/off|either/or|w/o|24/7|\d+/\d+(?:/\d+)?|n/a|yes/no|his/her|ci/cd|a/b|up/down")
_ASSIGNMENT = re.compile(r"(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*=.*")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*_[A-Z0-9_]*|[A-Z][A-Z0-9]{2,}")
_BASES = {
    "deploying": "deploy", "redeploying": "redeploy", "re-deploy": "redeploy", "restarting": "restart",
    "cancelling": "cancel", "canceling": "cancel", "removing": "remove", "deleting": "delete",
    "reverting": "revert", "rolling": "roll", "aborting": "abort", "destroying": "destroy", "re-start": "restart",
    "dont": "don't", "cant": "can't", "wont": "won't", "isnt": "isn't", "whats": "what's", "lets": "let's",
    "colors": "colour", "color": "colour", "colours": "colour", "roll-back": "rollback", "u": "you", "pls": "please",
    "plz": "please", "hows": "how's", "undeploy": "remove", "rollout": "deploy", "im": "i'm",
    "doesnt": "doesn't", "didnt": "didn't", "wheres": "where's", "agian": "again", "wy": "why",
}  # fmt: skip


def tokens(text: str, names: tuple[str, ...]) -> list[Token]:
    """The tokens of the first TEXT_LIMIT characters; `names` are the apps' names."""
    text = text[:TEXT_LIMIT].replace("’", "'").replace("\r\n", "\n")
    for name in names:
        if "-" in name:
            text = re.sub(rf"(?i)\b{re.escape(name).replace(re.escape('-'), '[ _-]')}\b", name, text)
    shouted = text.isupper()
    found: list[Token] = []
    for match in _PATTERN.finditer(text):
        if len(found) == WORD_LIMIT:
            break
        token = _token(match.lastgroup or "", match[0], names, found, shouted)
        found.extend(token)
    return found


def _token(group: str, text: str, names: tuple[str, ...], before: list[Token], shouted: bool) -> list[Token]:
    match group:
        case "block":
            return _block(text.strip("`"))
        case "comment":
            return []
        case "set":
            return [Token(Kind.ASSIGNED, re.sub(r"^export\s+", "", text), Kind.ASSIGNED)]
        case "quo":
            return [_quoted(text[1:-1], names)]
        case "file":
            return [Token(Kind.FILE, text, Kind.FILE)]
        case "break":
            return [Token(Kind.BREAK, text, Kind.BREAK)]
        case "option" | "option1" | "colour":
            return [Token(Kind.WORD, text, text.lower())]
    if group in _SOURCES and not _NOT_SOURCES.fullmatch(text):
        bare = text.rstrip(".,;:!?)>") if text.strip("./") else text
        ends = [Token(Kind.BREAK, text[-1], Kind.BREAK)] if text != bare and text[-1] in ",;!?." else []
        return [Token(Kind.SOURCE, bare, Kind.SOURCE), *ends]
    return [_word(text, names, before, shouted)]


def _block(text: str) -> list[Token]:
    """A pasted block is one token, whatever it says; one of nothing but assignments is those."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    pasted = [line for line in lines if _ASSIGNMENT.fullmatch(line)]
    if not pasted or len(pasted) < len(lines) - (lines[0].isalpha()):
        return [Token(Kind.BLOCK, text, Kind.BLOCK)]
    return [Token(Kind.ASSIGNED, re.sub(r"^export\s+", "", line), Kind.ASSIGNED) for line in pasted]


def _quoted(text: str, names: tuple[str, ...]) -> Token:
    """A quotation that holds one name or address alone is that: people quote those for clarity."""
    inner = _PATTERN.fullmatch(text)
    if inner is not None and inner.lastgroup in _SOURCES:
        return Token(Kind.SOURCE, text, Kind.SOURCE)
    if inner is not None and inner.lastgroup == "file":
        return Token(Kind.FILE, text, Kind.FILE)
    if text.lower() in names:
        return Token(Kind.APP, text.lower(), Kind.APP)
    return Token(Kind.QUOTED, text, Kind.QUOTED)


def _word(text: str, names: tuple[str, ...], before: list[Token], shouted: bool) -> Token:
    low = text.lower()
    bare = re.sub(r"'s?$", "", low)
    bare = bare.rstrip("-.")
    if bare in names and (bare not in KNOWN or any(token.word in KNOWN for token in before)):
        return Token(Kind.APP, bare, Kind.APP)
    if not shouted and _NAME.fullmatch(text) and low not in KNOWN | COMMON:
        return Token(Kind.NAME, text, Kind.NAME if "_" in text else "@cap")
    if low in _BASES:
        return Token(Kind.WORD, text, _BASES[low])
    if inflected := re.fullmatch(r"(\w{2,}?)(?:e?s|e?d|ing)", low):
        stems = {inflected[1], inflected[1] + "e", low.removesuffix("s")}
    else:
        stems = set()
    if stems & (KNOWN | COMMON):
        return Token(Kind.WORD, text, low if low in COMMON else bare if bare in KNOWN else low)
    if bare in KNOWN or low in COMMON or not low.isalpha() or len(low) < 3:
        return Token(Kind.WORD, text, low if low in COMMON else bare if bare in KNOWN else low)
    return _mistyped(text, low, names, before)


def _mistyped(text: str, low: str, names: tuple[str, ...], before: list[Token]) -> Token:
    app = meant_word(low, names, shortest=3)
    known = meant_word(low, KNOWN)
    has_verb = any(token.word in KNOWN for token in before)
    if app is not None and (known is None or has_verb):
        return Token(Kind.APP, app, Kind.APP, fuzzy=True)
    if known is not None and not (known in DESTRUCTIVE and has_verb):
        return Token(Kind.WORD, text, _BASES.get(known, known), fuzzy=True)
    return Token(Kind.WORD, text, low)
