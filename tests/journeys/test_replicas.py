"""Two control processes on one PostgreSQL and one Redis: one conversation, one quota, one sign-in, whoever is killed.

The local cloud belongs to one data folder, so apps are not shared here: replicas are for a cloud that all can reach.
"""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.contracts.postgres import running_server
from tests.journeys.conftest import DevGem, processes_of, wait_until
from tests.journeys.google import playing_google
from tests.journeys.talk import answers, ask, events_until, get, open_conversation, sign_in_url
from tests.quota.server import RedisServer, running_redis, start
from tests.standins.gemini import Call, Fault, GeminiStandIn, Reply

SECRET_KEY = "5a" * 32


class Fleet(NamedTuple):
    here: DevGem
    there: DevGem
    redis: RedisServer
    google: GeminiStandIn

    def boards(self) -> list[dict[str, Any]]:
        return [get(one, "/api/v1/quota") for one in (self.here, self.there)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folders = [tmp_path_factory.mktemp(name) for name in ("here", "there")]
    with running_server() as postgres, running_redis() as redis, playing_google() as google:
        shared = {
            "DATABASE_URL": postgres.new_database(),
            "REDIS_URL": redis.url,
            "DEVGEM_SECRET_KEY": SECRET_KEY,
            "GEMINI_API_KEY": "a-key",
            "DEVGEM_GEMINI_URL": google.url,
            "DEVGEM_ENDPOINTS": "gemini?key=operator&rpm=40",
        }
        here, there = (DevGem(folder, environ=shared) for folder in folders)
        here.start()
        there.start()
        yield Fleet(here, there, redis, google)
        here.stop()
        there.stop()
        wait_until(lambda: not any(map(processes_of, folders)), "every process has ended", 30)


def echo(call: Call) -> Reply:
    return Reply.say("You said ", f"{call.last_text.split()[0]}.")


def test_one_conversation_goes_on_at_either_and_is_the_same_from_both(fleet: Fleet) -> None:
    fleet.google.brain = echo
    conversation = open_conversation(fleet.here)
    for devgem, other, word in ((fleet.here, fleet.there, "one"), (fleet.there, fleet.here, "two")):
        ask(devgem, conversation, word)
        events_until(other, conversation, answers(f"You said {word}."))
    seen = [events_until(devgem, conversation, answers("You said two.")) for devgem in (fleet.here, fleet.there)]
    assert seen[0] == seen[1]
    assert [event.seq for event in seen[0]] == list(range(1, len(seen[0]) + 1))
    assert "You said one." in str(fleet.google.calls[-1].contents), "the second answer knew of the first"


def test_quota_is_counted_together(fleet: Fleet) -> None:
    fleet.google.brain = echo
    before = fleet.boards()[0]["endpoints"][0]["rpm"]["used"]
    for number in range(3):
        for devgem in (fleet.here, fleet.there):
            conversation = open_conversation(fleet.here)
            ask(devgem, conversation, f"call-{number}")
            events_until(devgem, conversation, answers(f"You said call-{number}."))

    def told() -> bool:
        return all(board["endpoints"][0]["rpm"]["used"] == before + 6 for board in fleet.boards())

    wait_until(told, "both boards tell of all six calls", 2)
    assert [board["processes"] for board in fleet.boards()] == [2, 2]
    assert len(fleet.google.arrivals) == before + 6


def test_nobody_is_signed_out_and_calls_go_on_whatever_becomes_of_redis(fleet: Fleet, tmp_path: Path) -> None:
    fleet.google.brain = echo
    with httpx2.Client(trust_env=False) as browser:
        browser.get(sign_in_url(fleet.here))

        def is_signed_in() -> bool:
            urls = [f"{devgem.control()['url']}/api/v1/session" for devgem in (fleet.here, fleet.there)]
            return all(browser.get(url).json()["signed_in"] for url in urls)

        def works(word: str) -> bool:
            for devgem in (fleet.here, fleet.there):
                conversation = open_conversation(fleet.here)
                ask(devgem, conversation, word)
                events_until(devgem, conversation, answers(f"You said {word}."))
            return is_signed_in()

        assert works("well"), "one sign-in is good at both"
        _command(fleet.redis, b"FLUSHALL")
        assert works("flushed")
        fleet.redis.process.kill()
        fleet.redis.process.wait(10)
        assert works("gone")
        wait_until(lambda: all(board["degraded"] for board in fleet.boards()), "both boards say so", 2)
        fleet.redis.process = start(fleet.redis.port, str(tmp_path))
        assert works("back")
        wait_until(lambda: not any(board["degraded"] for board in fleet.boards()), "it is used again", 10)


def test_the_users_of_the_other_go_on_when_one_is_killed(fleet: Fleet) -> None:
    fleet.google.script(Reply.say("This answer ", "never ends."))
    fleet.google.fault("gemini", Fault("stall", at_byte=300))
    lost = open_conversation(fleet.here)
    ask(fleet.here, lost, "tell me all")
    events_until(fleet.there, lost, lambda event: event.type == "message.delta")
    fleet.here.stop(signal.SIGKILL)
    fleet.google.brain = echo
    at_the_other = open_conversation(fleet.there)
    ask(fleet.there, at_the_other, "alive")
    events_until(fleet.there, at_the_other, answers("You said alive."))

    closed = events_until(fleet.there, lost, answers("Nothing is repeated by itself"))[-1]
    assert closed.data["stopped"] == "error"
    ask(fleet.there, lost, "again")
    events_until(fleet.there, lost, answers("You said again."))
    fleet.here.start()
    assert events_until(fleet.here, lost, answers("You said again."))


def _command(redis: RedisServer, word: bytes) -> None:
    with socket.create_connection(("127.0.0.1", redis.port), timeout=5) as connection:
        connection.sendall(word + b"\r\n")
        assert connection.recv(16).startswith(b"+OK")
