"""A deployment from its request to its one last event."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from devgem.domain.deployment import Step, fold_all
from devgem.domain.errors import Conflict, InvalidInput, NotFound
from devgem.pipeline import Limits
from tests.pipeline.conftest import House, open_house

SECRET = "correct-horse-battery-staple"


async def test_a_repository_becomes_a_live_app(house: House) -> None:
    deployment = await house.deploy(house.repository())
    assert (deployment.app, deployment.url) == ("hello", None)

    live = await house.ended(deployment.id)

    assert (live.status, live.url, live.revision) == ("live", "http://hello.localhost:8081", 1)
    assert (live.http_status, live.first_byte_seconds, live.notes) == (200, 0.01, ["It listens on 8080."])
    assert {step.status for step in live.steps.values()} == {"done"}
    assert (await house.app("hello")).traffic == house.cloud.traffic("hello") == {1: 100}
    assert house.cloud.running == {"hello@1"}


async def test_every_fact_is_in_the_log_in_order_and_folds_to_the_state(house: House) -> None:
    deployment = await house.deploy(house.repository(lines=3))
    live = await house.ended(deployment.id)
    events = await house.events(f"deployment:{deployment.id}")

    steps = [(event.type, event.data["step"]) for event in events if event.type in ("step.started", "step.finished")]
    assert steps == [(type, step) for step in Step for type in ("step.started", "step.finished")]
    assert [event.type for event in events][:2] == ["deployment.requested", "deployment.started"]
    assert [event.type for event in events][-4:] == [
        "step.started",
        "traffic.shifted",
        "step.finished",
        "deployment.live",
    ]
    lines = [event.data for event in events if event.type == "log"]
    assert lines == [{"text": f"line {n}", "stream": "out", "step": "build"} for n in range(3)]
    assert fold_all(events) == live
    assert live.log_lines == 3


async def test_the_app_and_the_list_of_apps_hear_of_the_lifecycle_alone(house: House) -> None:
    await house.ended((await house.deploy(house.repository())).id)
    for stream in ("app:hello", "apps:operator"):
        events = await house.events(stream)
        assert [event.type for event in events] == [
            "deployment.requested",
            "deployment.started",
            "revision.released",
            "traffic.shifted",
            "deployment.live",
        ]
        assert all(event.data["app"] == "hello" and "deployment" in event.data for event in events)


@pytest.mark.parametrize(
    ("behaviour", "step", "code", "cause"),
    [
        ({"plan": "unplannable"}, "plan", "unplannable", "There are two apps."),
        ({"plan": "preflight"}, "plan", "preflight", "go is not installed"),
        ({"build": "fail"}, "build", "build_failed", "pip could not install flask"),
        ({"build": "error"}, "build", "internal", "this is a fault of DevGem"),
        ({"release": "fail"}, "release", "exited", "The app exited at once"),
        ({"verify": "fail"}, "verify", "no_answer", "It listens on no port"),
        ({"shift": "error"}, "shift", "unavailable", "the edge does not answer"),
    ],
)
async def test_a_failed_step_ends_the_deployment_and_the_old_revision_serves_on(
    house: House, behaviour: dict[str, str], step: str, code: str, cause: str
) -> None:
    await house.ended((await house.deploy(house.repository())).id)
    broken = await house.ended((await house.deploy(house.repository(**behaviour))).id)

    assert (broken.status, broken.failed_step) == ("failed", step)
    assert broken.failure is not None
    assert broken.failure["code"] == code
    assert cause in broken.failure["cause"]
    assert broken.failure["fix"]
    assert broken.steps[step].status == "failed"
    await house.at_rest()
    assert house.cloud.running == {"hello@1"}
    assert (await house.app("hello")).traffic == house.cloud.traffic("hello") == {1: 100}
    last = Counter(event.type for event in await house.events(f"deployment:{broken.id}"))
    assert (last["step.failed"], last["deployment.failed"]) == (1, 1)


async def test_a_first_deployment_that_fails_leaves_nothing(house: House) -> None:
    broken = await house.ended((await house.deploy(house.repository(verify="fail"))).id)
    assert broken.status == "failed"
    assert house.cloud.running == set()
    assert (await house.app("hello")).traffic == {}


async def test_several_apps_in_one_repository_are_offered_for_choice(house: House) -> None:
    failed = await house.ended((await house.deploy(house.repository(plan="unplannable"))).id)
    assert failed.failure is not None
    assert failed.failure["candidates"] == [
        {"dir": "web", "summary": "a Flask app"},
        {"dir": "api", "summary": "a Go service"},
    ]


async def test_a_repository_that_cannot_be_read_fails_the_fetch(house: House) -> None:
    repository = house.repository()
    (Path(repository.location) / "behaviour.json").unlink()
    Path(repository.location).rmdir()
    failed = await house.ended((await house.deploy(repository)).id)
    assert failed.failed_step == "fetch"
    assert failed.failure is not None
    assert (failed.failure["code"], failed.failure["fix"]) == ("not_found", "Name another one.")


@pytest.mark.parametrize("step", [Step.FETCH, Step.BUILD, Step.RELEASE, Step.VERIFY, Step.SHIFT])
async def test_a_step_that_takes_too_long_fails(tmp_path: Path, step: Step) -> None:
    limits = Limits(deadlines_seconds={**Limits().deadlines_seconds, step: 0.2})
    async with open_house(tmp_path, limits) as house:
        failed = await house.ended((await house.deploy(house.repository(hang=step))).id)
        assert (failed.status, failed.failed_step) == ("failed", step)
        assert failed.failure is not None
        assert failed.failure["code"] == "timeout"
        assert house.cloud.running == set()
        if step is Step.BUILD:
            assert house.cloud.acts("build.stopped") == [failed.id]


async def test_a_worker_goes_live_without_a_url(house: House) -> None:
    live = await house.ended((await house.deploy(house.repository(kind="worker"))).id)
    assert (live.status, live.url, live.http_status) == ("live", None, None)
    assert (await house.app("hello")).url is None


async def test_an_unchanged_app_is_not_built_again(house: House) -> None:
    first = await house.deploy(house.repository())
    await house.ended(first.id)
    second = await house.deploy(house.repository(), env={"GREETING": "hello"})
    live = await house.ended(second.id)

    assert (live.revision, live.steps["build"].status) == (2, "skipped")
    finished = await house.reached(second.id, "step.finished", step="build")
    assert first.id in finished.data["reason"]
    assert house.cloud.acts("build.called") == [first.id]
    assert house.cloud.env("hello", 2) == {"GREETING": "hello"}


async def test_another_commit_or_another_build_variable_is_built(house: House) -> None:
    ids = []
    requests: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({}, {}),
        ({"lines": 9}, {}),
        ({"lines": 9}, {"CDN": "on"}),
    ]
    for behaviour, build_env in requests:
        deployment = await house.deploy(house.repository(**behaviour), build_env=build_env)
        await house.ended(deployment.id)
        ids.append(deployment.id)
    assert house.cloud.acts("image.made") == ids


async def test_an_image_that_was_lost_is_built_again_by_the_next_deployment(house: House) -> None:
    failed = await house.ended((await house.deploy(house.repository(release="missing"))).id)
    assert failed.failure is not None
    assert failed.failure["code"] == "image_missing"
    again = await house.deploy(house.repository(release="missing"))
    await house.ended(again.id)
    assert len(house.cloud.acts("image.made")) == 2


async def test_variables_for_the_build_and_for_running_are_kept_apart(house: House) -> None:
    deployment = await house.deploy(house.repository(), env={"A": "a-run-value"}, build_env={"B": "b"})
    await house.ended(deployment.id)
    lines = [event.data["text"] for event in await house.events(f"deployment:{deployment.id}") if event.type == "log"]
    assert [line for line in lines if "sees" in line] == ["the build sees b"]
    assert house.cloud.env("hello", 1) == {"A": "a-run-value"}


async def test_a_secret_is_in_no_event_no_log_and_no_database_file(tmp_path: Path) -> None:
    """I7"""
    async with open_house(tmp_path) as house:
        for behaviour in ({}, {"build": "fail"}):
            repository = house.repository(**behaviour)
            request = {"env": {"TOKEN": SECRET}, "build_env": {"TOKEN": "the-other-" + SECRET[:-1]}}
            deployment = await house.deploy(repository, **request)
            await house.ended(deployment.id)
            lines = [event.data.get("text") for event in await house.events(f"deployment:{deployment.id}")]
            assert "the build sees [secret]" in lines
    for path in tmp_path.iterdir():
        if path.is_file():
            assert SECRET[:-1].encode() not in path.read_bytes(), path


async def test_config_vars_that_another_key_sealed_fail_the_deployment_with_the_remedy(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.ended((await house.deploy(house.repository(), env={"TOKEN": SECRET})).id)
    async with open_house(tmp_path, key=b"x" * 32) as house:
        failed = await house.ended((await house.deploy(house.repository())).id)
        assert failed.failure is not None
        assert failed.failure["code"] == "wrong_secret_key"
        assert "DEVGEM_SECRET_KEY" in failed.failure["fix"]


async def test_the_usual_seconds_are_known_from_the_second_time_on(house: House) -> None:
    first = await house.ended((await house.deploy(house.repository(lines=1))).id)
    second = await house.ended((await house.deploy(house.repository(lines=2))).id)
    assert first.steps["build"].usual_seconds is None
    assert second.steps["build"].usual_seconds == first.steps["build"].seconds


async def test_progress_inside_a_step_is_told(house: House) -> None:
    deployment = await house.deploy(house.repository(hang="build"))
    event = await house.reached(deployment.id, "step.progressed", step="build")
    assert (event.data["message"], event.data["fraction"]) == ("Half way", 0.5)
    await house.pipeline.cancel(deployment.id)


async def test_a_config_var_that_the_code_needs_and_lacks_is_named(house: House) -> None:
    deployment = await house.deploy(house.repository(env_required=["A", "B"]), env={"A": "1"})
    await house.ended(deployment.id)
    finished = await house.reached(deployment.id, "step.finished", step="plan")
    assert finished.data["env_missing"] == ["B"]


async def test_a_log_without_end_is_cut_and_says_so(tmp_path: Path) -> None:
    """F-71"""
    async with open_house(tmp_path, Limits(log_lines=100)) as house:
        deployment = await house.deploy(house.repository(lines=350))
        await house.ended(deployment.id)
        lines = [e.data["text"] for e in await house.events(f"deployment:{deployment.id}") if e.type == "log"]
    assert lines[:100] == [f"line {n}" for n in range(100)]
    assert lines[100:] == ["... 250 more lines were left out: the log is too long"]


async def test_no_line_of_a_flood_is_lost(house: House) -> None:
    deployment = await house.deploy(house.repository(lines=20_000))
    await house.ended(deployment.id)
    lines = [e.data["text"] for e in await house.events(f"deployment:{deployment.id}") if e.type == "log"]
    assert lines == [f"line {n}" for n in range(20_000)]


async def test_builds_beyond_the_limit_wait_for_one_another(tmp_path: Path) -> None:
    async with open_house(tmp_path, Limits(builds_at_once=1)) as house:
        first = await house.deploy(house.repository("one", hang="build"))
        await house.reached(first.id, "step.progressed", message="Half way")
        second = await house.deploy(house.repository("two"))
        await house.reached(second.id, "step.progressed", message="Waiting for another build to end")
        assert house.cloud.acts("build.called") == [first.id]
        (tmp_path / "cloud" / "go").touch()
        assert (await house.ended(second.id)).status == "live"


async def test_one_repository_is_one_app_and_equal_names_are_told_apart(house: House) -> None:
    one = house.repository("one/hello")
    assert (await house.deploy(one)).app == "hello"
    assert (await house.deploy(house.repository("two/hello"))).app == "hello-2"
    assert (await house.deploy(one)).app == "hello"
    assert (await house.deploy(one, app="other")).app == "other"


async def test_the_name_of_an_app_from_elsewhere_is_taken(house: House) -> None:
    await house.ended((await house.deploy(house.repository("one"), app="hello")).id)
    with pytest.raises(Conflict) as raised:
        await house.deploy(house.repository("two"), app="hello")
    assert raised.value.code == "name_taken"
    assert "--name" in raised.value.fix


async def test_an_app_that_never_started_may_be_deployed_from_elsewhere(house: House) -> None:
    await house.ended((await house.deploy(house.repository("one", build="fail"), app="hello")).id)
    assert (await house.ended((await house.deploy(house.repository("two"), app="hello")).id)).status == "live"


@pytest.mark.parametrize(
    "request_",
    [{"app": "Not a name"}, {"cloud": "nowhere"}, {"env": {"1X": ""}}, {"env": {"X": "\0"}}, {"build_env": {"": ""}}],
)
async def test_a_malformed_request_is_refused_and_leaves_nothing(house: House, request_: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await house.deploy(house.repository(), **request_)
    assert (await house.store.state("apps:operator")).head == 0


async def test_config_vars_are_set_by_name_and_take_effect_with_the_next_revision(house: House) -> None:
    await house.ended((await house.deploy(house.repository(), env={"A": "1", "B": "2"})).id)
    listed = await house.pipeline.set_env("hello", set={"C": "3"}, unset=["A"])
    assert [var.name for var in listed] == ["B", "C"]
    assert house.cloud.env("hello", 1) == {"A": "1", "B": "2"}
    await house.ended((await house.deploy(house.repository())).id)
    assert house.cloud.env("hello", 2) == {"B": "2", "C": "3"}
    with pytest.raises(InvalidInput):
        await house.pipeline.set_env("hello", set={"A": "1"}, unset=["A"])
    with pytest.raises(NotFound):
        await house.pipeline.set_env("nothing", set={})


async def test_a_fact_that_a_cloud_tells_is_recorded_once(house: House) -> None:
    for _ in range(2):
        await house.pipeline.record("hello", "instance.exited", {"revision": 1, "exit_code": 3}, "edge-7")
    for stream in ("app:hello", "apps:operator"):
        (event,) = await house.events(stream)
        assert event.data == {"app": "hello", "revision": 1, "exit_code": 3}
