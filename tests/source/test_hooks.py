"""T-70: what of a webhook is taken for GitHub's, and what it is read as."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from devgem.domain.errors import InvalidInput
from devgem.source.hooks import (
    Ignored,
    PullRequestClosed,
    PullRequestShown,
    Pushed,
    from_document,
    is_signed,
    read_event,
    to_document,
)
from tests.standins.github import pull_request_payload, push_payload

A, B, ZEROS = "a" * 40, "b" * 40, "0" * 40
SECRET = "It's a Secret to Everybody"


def test_the_example_that_github_gives_is_signed() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert is_signed(b"Hello, World!", given, SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=é",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "SHA256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
        "sha1=" + hmac.new(SECRET.encode(), b"Hello, World!", hashlib.sha1).hexdigest(),
        "sha256=" + hmac.new(b"another", b"Hello, World!", hashlib.sha256).hexdigest(),
        "sha256=" + hmac.new(SECRET.encode(), b"Hello, World! ", hashlib.sha256).hexdigest(),
    ],
)
def test_no_other_signature_is(signature: str | None) -> None:
    assert not is_signed(b"Hello, World!", signature, SECRET)


def test_a_push_is_read_with_the_files_that_changed() -> None:
    commits = [{"added": ["a"], "removed": [], "modified": ["b"]}, {"added": [], "removed": ["c"], "modified": ["b"]}]
    event = read_event("push", push_payload("ada/shop", "refs/heads/feature/x", A, B, commits=commits))
    assert isinstance(event, Pushed)
    assert (event.branch, event.before, event.sha, event.subject) == ("feature/x", A, B, "Change it")
    assert event.paths == ["a", "b", "c"]
    assert from_document(json.loads(json.dumps(to_document(event)))) == event


@pytest.mark.parametrize("more", [{"forced": True}, {"commits": []}, {"created": True}, {"commits": [{}] * 2048}])
def test_a_push_that_does_not_say_what_changed_is_read_as_such(more: dict[str, Any]) -> None:
    event = read_event("push", push_payload("ada/shop", "refs/heads/main", A, B, **more))
    assert isinstance(event, Pushed)
    assert event.paths is None


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("push", push_payload("ada/shop", "refs/tags/v1", A, B)),
        ("push", push_payload("ada/shop", "refs/heads/main", A, ZEROS)),
        ("pull_request", pull_request_payload("ada/shop", 1, "labeled", A)),
        ("pull_request_target", {}),
        ("workflow_run", None),
        ("", None),
    ],
)
def test_what_starts_nothing_is_ignored(name: str, payload: Any) -> None:
    assert isinstance(read_event(name, payload), Ignored)


@pytest.mark.parametrize(
    ("head_slug", "kind", "is_outside"),
    [("ada/shop", "User", False), ("Ada/Shop", "User", False), ("eve/shop", "User", True), ("ada/shop", "Bot", True)],
)
def test_a_pull_request_is_read_with_whose_it_is(head_slug: str, kind: str, is_outside: bool) -> None:
    payload = pull_request_payload("ada/shop", 3, "synchronize", A, head_slug=head_slug)
    payload["pull_request"]["user"]["type"] = kind
    event = read_event("pull_request", payload)
    assert isinstance(event, PullRequestShown)
    assert (event.number, event.branch, event.sha, event.is_outside) == (3, "main", A, is_outside)


def test_a_pull_request_of_a_fork_that_is_gone_is_an_outsiders() -> None:
    payload = pull_request_payload("ada/shop", 3, "opened", A)
    payload["pull_request"]["head"]["repo"] = None
    event = read_event("pull_request", payload)
    assert isinstance(event, PullRequestShown)
    assert event.is_outside
    assert isinstance(read_event("pull_request", {**payload, "action": "closed"}), PullRequestClosed)


@pytest.mark.parametrize(
    "change",
    [
        {"ref": None, "repository": None},
        {"repository": {"full_name": "../../etc"}},
        {"after": "main"},
        {"before": 7},
        {"commits": [None]},
        {"commits": "x"},
    ],
)
def test_a_payload_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="not as GitHub sends it"):
        read_event("push", {**push_payload("ada/shop", "refs/heads/main", A, B), **change})
    with pytest.raises(InvalidInput):
        read_event("push", [])
    with pytest.raises(InvalidInput):
        read_event("pull_request", {"action": "opened"})


def test_texts_of_others_are_one_plain_line() -> None:
    payload = push_payload("ada/shop", "refs/heads/main", A, B)
    payload["head_commit"]["message"] = "\x1b[2JFix\x00 it\u2028 \r\nand more" + "x" * 500
    event = read_event("push", payload)
    assert isinstance(event, Pushed)
    assert "\x1b" not in event.subject
    assert "\0" not in event.subject
    assert len(event.subject) <= 200
