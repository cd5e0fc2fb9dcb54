"""Estimates: never below the floor, never raising, learning within bounds."""

import base64
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from devgem.llm.estimate import estimate
from devgem.llm.pictures import picture_size
from devgem.quota.estimate import LEAST_CORRECTION, MOST_CORRECTION, Correction, Estimates, image_tokens, text_tokens

MODEL = "gemini-3.8-flash"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text(st.characters()))
def test_a_text_is_at_least_a_token_per_four_characters(text: str) -> None:
    assert text_tokens(text) >= len(text) / 4


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog. " * 20, 3.5, 4.01),
        ("привет, как твои дела сегодня? " * 20, 2.0, 3.5),
        ("今天天气很好我们去公园吧" * 20, 1.0, 1.5),
        ("مرحبا كيف حالك اليوم " * 20, 1.8, 3.0),
        ("for (let i = 0; i < n; i++) { total += rows[i].price; }\n" * 20, 2.0, 3.8),
        (base64.b64encode(bytes(range(256)) * 4).decode(), 1.2, 1.8),
        ("0123456789" * 50, 1.0, 1.5),
        ("🚀🎉" * 50, 0.5, 1.0),
    ],
)
def test_characters_per_token_follow_the_script(text: str, least: float, most: float) -> None:
    assert least <= len(text) / text_tokens(text) <= most


@given(st.lists(ANYTHING, max_size=4), st.text(), ANYTHING)
def test_no_message_makes_it_raise_or_fall_below_its_floor(contents: list[object], text: str, args: object) -> None:
    messages: list[ModelMessage] = [
        ModelRequest([SystemPromptPart(text), UserPromptPart(text), *(_result(one) for one in contents)]),
        ModelResponse([TextPart(text), ThinkingPart(text), ToolCallPart("tool", args)]),  # type: ignore[arg-type]
    ]
    counted = estimate(messages, ModelRequestParameters(), MODEL)
    assert counted.tokens >= counted.floor >= 4 * (len(text) // 4)


def _result(content: object) -> ToolReturnPart:
    return ToolReturnPart("tool", content, tool_call_id="1")


def test_everything_that_is_sent_counts() -> None:
    text = "x" * 4000
    tool = ToolDefinition(name="deploy", description=text, parameters_json_schema={"type": "object", "title": text})
    request = ModelRequest([UserPromptPart([text, ImageUrl("https://x/y.png")])], instructions=text)
    counted = estimate([request], ModelRequestParameters(function_tools=[tool]), MODEL)
    assert counted.floor >= 4000
    assert counted.tokens >= 4000 + 1120


def test_pictures_are_counted_by_their_size_not_by_their_bytes() -> None:
    png = _png(960, 540)
    request = ModelRequest([UserPromptPart([BinaryContent(png + b"\0" * 500_000, media_type="image/png")])])
    counted = estimate([request], ModelRequestParameters(), "gemini-2.5-flash")
    assert 6 * 258 <= counted.tokens <= 6 * 258 + 200
    assert 1120 <= estimate([request], ModelRequestParameters(), MODEL).tokens <= 1120 + 200


def _png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (_png(300, 200), (300, 200)),
        (b"GIF89a" + struct.pack("<HH", 12, 34), (12, 34)),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 10 + b"\xff\xc0\x00\x11\x08\x00\x64\x00\xc8\x03", (200, 100)),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x63\0\0\x31\0\0", (100, 50)),
        (b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 99 | 49 << 14), (100, 50)),
        (b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 100, 50), (100, 50)),
        (b"not an image", (None, None)),
        (b"\x89PNG\r\n\x1a\n", (None, None)),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_head(image: bytes, size: tuple[int | None, int | None]) -> None:
    assert picture_size(image) == size


@given(
    st.binary(max_size=64),
    st.sampled_from([b"", b"\xff\xd8\xff", b"GIF8", b"RIFF\0\0\0\0WEBPVP8 ", b"\x89PNG\r\n\x1a\n"]),
)
def test_no_picture_makes_it_raise(rest: bytes, head: bytes) -> None:
    width, height = picture_size(head + rest)
    assert 258 <= image_tokens(width, height, "gemini-2.5-flash") <= 258 * 64


@given(st.lists(st.tuples(st.integers(), st.integers())))
def test_a_correction_stays_within_its_bounds_and_never_below_the_floor(counts: list[tuple[int, int]]) -> None:
    correction, estimates = Correction(), Estimates()
    for estimated, actual in counts:
        correction.learn(estimated, actual)
        estimates.learn(MODEL, "chat", raw_tokens=estimated, input_tokens=actual, output_tokens=actual)
    assert LEAST_CORRECTION <= correction.factor <= MOST_CORRECTION
    assert 900 <= estimates.input_tokens(MODEL, 1000, 900) <= 3000
    assert estimates.output_tokens(MODEL, "chat") >= 1


def test_expected_output_is_what_nine_of_ten_such_calls_took() -> None:
    estimates = Estimates(usual_output_tokens=500)
    for n in range(1, 5):
        estimates.learn(MODEL, "chat", raw_tokens=1, input_tokens=1, output_tokens=n)
    assert estimates.output_tokens(MODEL, "chat") == 500
    for n in range(5, 101):
        estimates.learn(MODEL, "chat", raw_tokens=1, input_tokens=1, output_tokens=n)
    assert estimates.output_tokens(MODEL, "chat") == 94
    assert estimates.output_tokens(MODEL, "chat", most=10) == 10
    assert estimates.output_tokens(MODEL, "analyze") == 500
