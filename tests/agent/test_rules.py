import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.agent.rules import Intent, Verb, understand


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("deploy owner/repo", Intent(Verb.DEPLOY, "owner/repo")),
        ("Deploy owner/repo!", Intent(Verb.DEPLOY, "owner/repo")),
        ("please deploy my repo owner/repo", Intent(Verb.DEPLOY, "owner/repo")),
        ("can you ship https://github.com/a/b.git", Intent(Verb.DEPLOY, "https://github.com/a/b.git")),
        ("deploy /home/me/shop as store", Intent(Verb.DEPLOY, "/home/me/shop", name="store")),
        ("deploy a/b branch dev in apps/web", Intent(Verb.DEPLOY, "a/b", ref="dev", dir="apps/web")),
        ("deploy a/b --ref v1 --dir=web", Intent(Verb.DEPLOY, "a/b", ref="v1", dir="web")),
        ("deploy `a/b`", Intent(Verb.DEPLOY, "a/b")),
        ("deploy", Intent(Verb.DEPLOY)),
        ("list", Intent(Verb.LIST)),
        ("my apps", Intent(Verb.LIST)),
        ("roll back shop", Intent(Verb.ROLLBACK, "shop")),
        ("restart shop", Intent(Verb.RESTART, "shop")),
        ("cancel shop", Intent(Verb.CANCEL, "shop")),
        ("help", Intent(Verb.HELP)),
    ],
)
def test_what_is_understood(text: str, intent: Intent) -> None:
    assert understand(text) == intent


@pytest.mark.parametrize("text", ["", "hello", "do not deploy a/b", "deploy a/b c/d", "I would never list things"])
def test_what_is_not_certain_is_not_done(text: str) -> None:
    assert understand(text).verb is Verb.UNKNOWN


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(understand(text), Intent)
