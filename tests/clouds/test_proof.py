"""The proof before the link, on real processes in real sandboxes."""

from dataclasses import replace
from pathlib import Path

import pytest

from devgem.clouds.local.proof import Claim, Patience, Proven, prove
from devgem.clouds.local.sandbox import Sandbox
from devgem.clouds.local.start_failures import Context
from devgem.domain.app import Progress
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import Kind

from .rig import QUICK, box_of, start

HOST = "shop.localhost:8080"


class Course:
    """How a proof went."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.messages: list[str] = []
        self.result: Proven | Failure | None = None

    @property
    def proven(self) -> Proven:
        assert isinstance(self.result, Proven), self.result
        return self.result

    @property
    def failure(self) -> Failure:
        assert isinstance(self.result, Failure), self.result
        return self.result


class Judge:
    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder

    async def __call__(
        self,
        app: str,
        kind: Kind = Kind.SERVER,
        health_path: str | None = None,
        memory_bytes: int = 256 << 20,
        patience: Patience = QUICK,
        env_names: tuple[str, ...] = (),
    ) -> Course:
        process = await start(self.sandbox, box_of(app, memory_bytes=memory_bytes), self.folder)
        claim = Claim(Context("shop", 8080, memory_bytes, env_names=env_names), kind, HOST, health_path)
        course = Course()
        try:
            async for item in prove(process, claim, patience):
                assert course.result is None
                match item:
                    case LogLine():
                        course.lines.append(item.text)
                    case Progress():
                        course.messages.append(item.message)
                    case _:
                        course.result = item
        finally:
            await process.stop(0.1)
        return course


@pytest.fixture
def judge(real_sandbox: Sandbox, tmp_path: Path) -> Judge:
    return Judge(real_sandbox, tmp_path)


async def test_a_good_app_is_proven_by_its_answer(judge: Judge) -> None:
    proven = (await judge("good")).proven
    assert (proven.proof.status, proven.proof.port, proven.proof.notes) == (200, 8080, ())
    assert 0 < proven.proof.first_byte_seconds < 2
    assert proven.address == ("127.0.0.1", 8080)


async def test_a_wrong_port_is_found_and_noted(judge: Judge) -> None:
    proven = (await judge("wrong_port")).proven
    assert proven.address == ("127.0.0.1", 3000)
    assert proven.proof.notes == ("listens on 3000, expected PORT=8080: routed there",)


async def test_a_bind_to_loopback_is_reached_and_noted(judge: Judge) -> None:
    [note] = (await judge("loopback")).proven.proof.notes
    assert note.startswith("listens on 127.0.0.1 only")
    assert "bind 0.0.0.0" in note


async def test_a_bind_to_ipv6_only_is_reached_and_noted(judge: Judge) -> None:
    proven = (await judge("ipv6")).proven
    assert proven.address == ("::1", 8080)
    assert proven.proof.notes[0].startswith("listens on IPv6 only")


async def test_a_slow_start_is_waited_for_as_long_as_it_makes_progress(judge: Judge) -> None:
    course = await judge("slow_boot")
    assert course.proven.proof.status == 200
    assert "loading part 14" in course.lines
    assert course.messages[0] == "waiting for it to listen, 0 s"
    assert any(message.endswith(" 1 s") for message in course.messages)


async def test_a_metrics_port_is_not_taken_for_the_app(judge: Judge) -> None:
    assert (await judge("metrics_first", patience=replace(QUICK, quiet=10, other_port=2))).proven.proof.port == 8080


async def test_a_front_page_that_is_not_there_is_no_failure(judge: Judge) -> None:
    proven = (await judge("no_front_page")).proven
    assert (proven.proof.status, proven.proof.notes) == (404, ("answers 404 to GET /",))


async def test_a_health_path_that_is_not_there_gives_way_to_the_front_page(judge: Judge) -> None:
    proven = (await judge("good", health_path="/healthz")).proven
    assert proven.proof.status == 200
    failure = (await judge("broken", health_path="/healthz")).failure
    assert failure.cause.startswith("it answers 500 to GET /healthz")


async def test_a_program_that_ends_is_told_apart_from_one_that_fails(judge: Judge) -> None:
    course = await judge("exits_zero")
    assert (course.failure.code, course.failure.evidence) == ("exited", "nothing to do")
    assert course.lines == ["nothing to do"]


async def test_a_missing_config_var_is_named_with_its_remedy(judge: Judge) -> None:
    failure = (await judge("needs_env")).failure
    assert failure.code == "missing_env"
    assert failure.fix.startswith("devgem env set shop API_TOKEN=...")
    assert failure.evidence == "KeyError: 'API_TOKEN'"


async def test_a_program_that_never_listens_is_called_a_worker(judge: Judge) -> None:
    failure = (await judge("never_listens")).failure
    assert failure.code == "never_listens"
    assert "looks like a worker" in failure.cause
    assert failure.evidence == "processing jobs"


async def test_a_crash_right_after_the_first_answer_is_caught(judge: Judge) -> None:
    failure = (await judge("crash_after_answer", patience=replace(QUICK, settle=10))).failure
    assert failure.cause == "it answered 200 and then ended with exit code 9"
    assert failure.evidence == "Error: the cache is corrupt"


async def test_answers_of_500_fail_with_the_line_that_explains_them(judge: Judge) -> None:
    course = await judge("broken")
    assert course.failure.code == "database_empty"
    assert course.failure.cause == "it answers 500 to GET /: the database has no tables yet"
    assert course.failure.evidence == "sqlite3.OperationalError: no such table: users"


async def test_answers_of_500_that_nothing_explains_bring_up_the_config_vars_that_are_not_set(judge: Judge) -> None:
    failure = (await judge("silent_500", env_names=("TMDB_API_KEY",))).failure
    assert failure.code == "answers_5xx"
    assert failure.fix.endswith("Its code reads config vars that are not set: TMDB_API_KEY.")
    assert "config vars" not in (await judge("silent_500")).failure.fix


async def test_a_server_of_another_protocol_is_told(judge: Judge) -> None:
    failure = (await judge("not_http")).failure
    assert failure.code == "not_http"
    assert "220 mail.example.com" in failure.cause


async def test_an_app_that_refuses_its_own_address_fails(judge: Judge) -> None:
    failure = (await judge("picky_host")).failure
    assert failure.code == "host_not_allowed"
    assert "shop.localhost" in failure.cause


async def test_a_port_that_only_root_may_use_is_told(judge: Judge) -> None:
    failure = (await judge("port_80")).failure
    assert failure.code == "port_denied"
    assert "PORT environment variable (8080)" in failure.fix


async def test_a_memory_hog_is_killed_and_told(judge: Judge) -> None:
    failure = (await judge("eats_memory", memory_bytes=64 << 20)).failure
    assert failure.code == "out_of_memory"
    assert "64 MB" in failure.cause


async def test_a_command_that_is_not_there_is_named(judge: Judge, tmp_path: Path) -> None:
    box = box_of("good")
    process = await start(judge.sandbox, type(box)(box.name, ("no-such-server",)), tmp_path / "x")
    claim = Claim(Context("shop", 8080, 1 << 20), Kind.SERVER, HOST)
    *_, failure = [item async for item in prove(process, claim, QUICK)]
    assert isinstance(failure, Failure)
    assert failure.code == "command_not_found"
    assert "no-such-server" in failure.cause


async def test_a_worker_is_proven_by_staying_alive(judge: Judge) -> None:
    course = await judge("worker", Kind.WORKER)
    assert course.proven.address is None
    assert course.proven.proof.port is None
    assert course.lines[0] == "tick"


async def test_a_worker_that_ends_at_once_fails(judge: Judge) -> None:
    assert (await judge("exits_zero", Kind.WORKER)).failure.code == "exited"


async def test_a_worker_that_ends_when_it_has_loaded_fails(judge: Judge) -> None:
    failure = (await judge("worker_ends_late", Kind.WORKER)).failure
    assert failure.evidence == "TypeError: expected token to be a str"


async def test_closing_a_proof_leaves_the_process_to_its_owner(real_sandbox: Sandbox, tmp_path: Path) -> None:
    process = await start(real_sandbox, box_of("never_listens"), tmp_path)
    course = prove(process, Claim(Context("shop", 8080, 1 << 20), Kind.SERVER, HOST), QUICK)
    await anext(course)
    await course.aclose()
    assert not process.ended.done()
    assert (await process.stop(5)).signal == 15


async def test_without_a_sandbox_only_the_app_s_own_ports_count(bare_sandbox: Sandbox, tmp_path: Path) -> None:
    process = await start(bare_sandbox, box_of("wrong_port", PORT="18931"), tmp_path)
    try:
        claim = Claim(Context("shop", 18931, 1 << 20), Kind.SERVER, HOST)
        *_, proven = [item async for item in prove(process, claim, QUICK)]
        assert isinstance(proven, Proven), proven
        assert proven.proof.port == 3000
    finally:
        await process.stop(1)
