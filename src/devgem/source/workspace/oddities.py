"""Text that reads otherwise than it works: reordered, invisible, or in letters that look like others.

https://trojansource.codes and https://www.unicode.org/reports/tr39/
"""

import re
import unicodedata
from collections.abc import Iterator

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_INVISIBLE = frozenset("\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u034f\u115f\u1160\u180e\u3164\uffa0")
_JOINERS = "\u200c\u200d"
_PLAIN_CONTROLS = "\t\r\n\f"
_LIKE_LATIN = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_LATIN_IN_DISGUISE = ("MATHEMATICAL", "FULLWIDTH LATIN")
_WORD = re.compile(r"[^\W\d]\w*")


def oddities(text: str) -> list[str]:
    """Each in a few words, once."""
    if text.isascii() and text.strip("\r\n").replace("\t", " ").isprintable():
        return []
    return list(dict.fromkeys([*_characters(text), *_words(text)]))


def _characters(text: str) -> Iterator[str]:
    for position, character in enumerate(text):
        if character in _BIDI:
            yield f"{_name(character)}, which changes the order in which text is shown"
        elif _is_invisible(character, text[position - 1] if position else ""):
            yield f"{_name(character)}, which cannot be seen"
        elif unicodedata.category(character) in ("Cc", "Co", "Cs") and character not in _PLAIN_CONTROLS:
            yield f"{_name(character)}, a control character"


def _is_invisible(character: str, before: str) -> bool:
    """A joiner does what it is made for in emoji, and in scripts from Arabic on."""
    if character in _JOINERS:
        return not before or ord(before) <= 0x5FF
    return character in _INVISIBLE or 0xE0000 <= ord(character) <= 0xE007F


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        names = {letter: unicodedata.name(letter, "LATIN") for letter in word if letter.isalpha()}
        scripts = {name.partition(" ")[0] for name in names.values()}
        if "LATIN" in scripts and scripts & _LIKE_LATIN:
            other = next(letter for letter, name in names.items() if name.partition(" ")[0] in _LIKE_LATIN)
            yield f"the word {word!r} in letters of two alphabets ({_name(other)})"
        elif any(name.startswith(_LATIN_IN_DISGUISE) for name in names.values()):
            yield f"the word {word!r} in letters that only look like plain ones"


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"
