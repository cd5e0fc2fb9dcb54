"""Secret values are taken out of what a user writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.agent.masking import MASK, hide_tokens, mask


@pytest.mark.parametrize(
    ("text", "masked", "values"),
    [
        ("set A=1 on shop", "set A=[hidden] on shop", {"A": "1"}),
        ("set A_KEY=sk_1, MODE=x", "set A_KEY=[hidden], MODE=[hidden]", {"A_KEY": "sk_1", "MODE": "x"}),
        ("A='x y' B=\"z\"", "A=[hidden] B=[hidden]", {"A": "x y", "B": "z"}),
        ("A=1\nB=2\n", "A=[hidden]\nB=[hidden]\n", {"A": "1", "B": "2"}),
        ("export DATABASE_URL=postgres://u:p@h/d", "export DATABASE_URL=[hidden]", {"DATABASE_URL": "postgres://u:p@h/d"}),
        ("set SECRET_KEY to hunter2 please", "set SECRET_KEY to [hidden] please", {"SECRET_KEY": "hunter2"}),
        ("api_token = abc", "api_token = [hidden]", {"api_token": "abc"}),
        ("PASSWORD=a=b==", "PASSWORD=[hidden]", {"PASSWORD": "a=b=="}),
        ("use ghp_abcdefghijklmnopqrstuvwxyz012345 for it", "use [hidden] for it", {}),
        ("deploy https://me:hunter22@git.example/a/b", "deploy https://[hidden]@git.example/a/b", {}),
        ("deploy owner/shop as shop", "deploy owner/shop as shop", {}),
        ("make the title to HELLO", "make the title to HELLO", {}),
        ("open https://x.example/?A=1&B=2", "open https://x.example/?A=1&B=2", {}),
        ("set README to shop", "set README to [hidden]", {"README": "shop"}),
    ],
)  # fmt: skip
def test_what_is_masked(text: str, masked: str, values: dict[str, str]) -> None:
    found = mask(text)
    assert found.text == masked
    assert dict(found.values) == values


@given(st.from_regex(r"[A-Z_]{3,10}", fullmatch=True), st.from_regex(r"[A-Za-z0-9/+._-]{6,40}", fullmatch=True))
def test_no_assigned_value_is_left(name: str, value: str) -> None:
    found = mask(f"please set {name}={value} on shop")
    assert found.values == {name: value}
    assert value not in found.text.replace(name, "").replace("please set", "").replace("on shop", "").replace(MASK, "")


@given(st.text(max_size=300))
def test_any_text_can_be_masked(text: str) -> None:
    assert isinstance(mask(text).text, str)
    assert hide_tokens(hide_tokens(text)) == hide_tokens(text)


def test_masking_is_quick_on_hostile_text() -> None:
    for text in ("A=" * 10_000, "A " * 10_000, "://" * 7_000, "eyJ" * 7_000, "KEY=" + "'" * 20_000):
        mask(text[:20_000])
