"""F-36: from the raw bytes of an untrusted program to lines that are safe to store, send and print."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.log import LINE_LIMIT, SPLIT_MARK, LineSplitter, Redactor, clean


def lines(*chunks: bytes) -> list[str]:
    splitter = LineSplitter()
    found = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [*found, *splitter.close()]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"no end", ["no end"]),
        (b"\n\n", ["", ""]),
        (b"dos\r\nlines\r\n", ["dos", "lines"]),
        (b"10%\r50%\r100%\n", ["100%"]),
        (b"10%\r50%\r", ["50%"]),
        (b"\xff\xfe bad\n", ["�� bad"]),
        ("é✓🚀\n".encode(), ["é✓🚀"]),
        (b"nul\x00bel\x07bs\x08\n", ["nulbelbs"]),
        (b"tab\tstays\n", ["tab\tstays"]),
    ],
)
def test_bytes_become_lines(raw: bytes, expected: list[str]) -> None:
    assert lines(raw) == expected


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_it_makes_no_difference_how_the_bytes_are_cut(raw: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(raw)]
    chunks = [raw[start:end] for start, end in itertools.pairwise(edges)]
    assert lines(*chunks) == lines(raw)


@given(st.binary(max_size=400))
def test_no_line_has_a_control_character_or_an_escape_but_colours(raw: bytes) -> None:
    for line in lines(raw):
        plain = line.replace("\t", "")
        while "\x1b[" in plain:
            before, _, rest = plain.partition("\x1b[")
            parameters, mark, after = rest.partition("m")
            assert mark
            assert set(parameters) <= set("0123456789;:")
            plain = before + after
        assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in plain)
        line.encode()


def test_a_line_without_end_is_split_and_held_in_little_memory() -> None:
    splitter = LineSplitter()
    parts = [part for _ in range(160) for part in splitter.feed(b"x" * (64 << 10))]
    *head, tail = [*parts, *splitter.close()]
    assert all(part == "x" * LINE_LIMIT + SPLIT_MARK for part in head)
    assert sum(len(part) - len(SPLIT_MARK) for part in head) + len(tail) == 10 << 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[38;2;1;2;3mrgb", "\x1b[38;2;1;2;3mrgb"),
        ("\x1b[2Jwiped\x1b[1;1H", "wiped"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\dcs", "dcs"),
        ("\x1b[?25lcursor", "cursor"),
        ("\x1b[?31mprivate", "private"),
        ("\x9b31mc1", "31mc1"),
        ("\x1b", ""),
        ("a\x1b]0;never ended", "a"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
def test_only_colours_and_tabs_are_kept_of_escapes(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_secrets_are_masked_wherever_they_are() -> None:
    redact = Redactor(["hunter2hunter2", "short", "two\nlines-of-it", "hunter2"])
    assert redact("pw=hunter2hunter2!") == "pw=[secret]!"
    assert redact("hunter2 hunter2") == "[secret] [secret]"
    assert redact("see lines-of-it") == "see [secret]"
    assert redact("short is too common") == "short is too common"
    assert Redactor([])("anything") == "anything"


@given(st.lists(st.text(min_size=6, max_size=12), min_size=1, max_size=4), st.text(max_size=20))
def test_no_secret_is_left_in_a_text(secrets: list[str], around: str) -> None:
    redact = Redactor(secrets)
    for secret in secrets:
        if secret not in Redactor.MASK and not any(part in Redactor.MASK for part in (secret[:1], secret[-1:])):
            assert secret not in redact(f"{around}{secret}{around}")
