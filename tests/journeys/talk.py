"""A conversation over HTTP, as the command line and scripts have it."""

from collections.abc import Callable
from typing import Any

from devgem.cli.client import Client, StreamEvent
from tests.journeys.conftest import DevGem

Reached = Callable[[StreamEvent], bool]


def get(devgem: DevGem, path: str) -> dict[str, Any]:
    with _client(devgem) as client:
        found: dict[str, Any] = client.get(path)
    return found


def open_conversation(devgem: DevGem) -> str:
    with _client(devgem) as client:
        return str(client.post("/api/v1/conversations")["id"])


def sign_in_url(devgem: DevGem) -> str:
    """What `devgem open` prints."""
    with _client(devgem) as client:
        return str(client.post("/api/v1/signin-urls")["url"])


def ask(devgem: DevGem, conversation: str, text: str) -> None:
    with _client(devgem) as client:
        client.post(f"/api/v1/conversations/{conversation}/messages", {"text": text})


def events_until(devgem: DevGem, conversation: str, reached: Reached) -> list[StreamEvent]:
    """All that was told in a conversation, up to the first event that is `reached`."""
    found = []
    with _client(devgem) as client:
        for event in client.events(f"conversation:{conversation}"):
            found.append(event)
            if reached(event):
                return found
    raise AssertionError("the stream has ended")


def answers(text: str = "") -> Reached:
    """Whether an event is a whole answer with a text in it."""

    def reached(event: StreamEvent) -> bool:
        is_answer = event.type == "message.finished" and event.data["role"] == "assistant"
        return is_answer and text in event.data["text"]

    return reached


def _client(devgem: DevGem) -> Client:
    control = devgem.control()
    return Client(control["url"], control["token"])
