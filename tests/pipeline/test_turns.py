"""Several intents for one app: one at a time, and the last one wins."""

import asyncio

import pytest

from devgem.domain.deployment import Step
from devgem.domain.errors import Conflict, NotFound, Unavailable
from tests.pipeline.conftest import House

STEPS_BEFORE_TRAFFIC = [Step.FETCH, Step.PLAN, Step.BUILD, Step.RELEASE, Step.VERIFY]


def let_go(house: House) -> None:
    (house.folder / "cloud" / "go").touch()


async def test_a_second_deployment_of_an_app_waits_for_the_first(house: House) -> None:
    first = await house.deploy(house.repository(hang="build"))
    await house.reached(first.id, "step.progressed", step="build")
    second = await house.deploy(house.repository())
    assert second.status == "waiting"
    assert [event.type for event in await house.events(f"deployment:{second.id}")] == ["deployment.requested"]

    let_go(house)
    assert (await house.ended(first.id)).revision == 1
    assert (await house.ended(second.id)).revision == 2


async def test_deployments_of_different_apps_run_side_by_side(house: House) -> None:
    held = await house.deploy(house.repository("one", hang="verify"))
    await house.reached(held.id, "step.started", step="verify")
    other = await house.ended((await house.deploy(house.repository("two"))).id)
    assert other.status == "live"
    assert (await house.row(held.id)).state.status == "running"


async def test_of_those_who_wait_only_the_newest_is_deployed(house: House) -> None:
    first = await house.deploy(house.repository(hang="build"))
    await house.reached(first.id, "step.progressed", step="build")
    second, third = [await house.deploy(house.repository()) for _ in range(2)]

    superseded = await house.ended(second.id)
    assert (superseded.status, superseded.superseded_by) == ("superseded", third.id)
    let_go(house)
    assert (await house.ended(third.id)).status == "live"
    assert "started" not in str([event.type for event in await house.events(f"deployment:{second.id}")])


async def test_a_waiting_deployment_is_cancelled_at_once(house: House) -> None:
    first = await house.deploy(house.repository(hang="build"))
    await house.reached(first.id, "step.progressed", step="build")
    second = await house.deploy(house.repository())
    assert (await house.pipeline.cancel(second.id)).status == "cancelled"
    let_go(house)
    assert (await house.ended(first.id)).status == "live"
    await house.at_rest()
    assert (await house.row(second.id)).state.status == "cancelled"


@pytest.mark.parametrize("step", STEPS_BEFORE_TRAFFIC)
async def test_a_running_deployment_is_cancelled_in_any_step_and_leaves_nothing(house: House, step: Step) -> None:
    await house.ended((await house.deploy(house.repository())).id)
    deployment = await house.deploy(house.repository(hang=step))
    await house.reached(deployment.id, "step.started", step=step)

    await house.pipeline.cancel(deployment.id)
    cancelled = await house.ended(deployment.id)

    assert (cancelled.status, cancelled.failure) == ("cancelled", None)
    assert house.cloud.running == {"hello@1"}
    await house.at_rest()
    again = await house.ended((await house.deploy(house.repository(lines=1))).id)
    assert again.status == "live"


async def test_cancelling_a_build_stops_it(house: House) -> None:
    deployment = await house.deploy(house.repository(hang="build"))
    await house.reached(deployment.id, "step.progressed", step="build")
    await house.pipeline.cancel(deployment.id)
    await house.ended(deployment.id)
    assert house.cloud.acts("build.stopped") == [deployment.id]


async def test_cancelling_twice_is_cancelling_once(house: House) -> None:
    deployment = await house.deploy(house.repository(hang="build"))
    await asyncio.gather(*(house.pipeline.cancel(deployment.id) for _ in range(5)))
    await house.ended(deployment.id)
    assert (await house.pipeline.cancel(deployment.id)).status == "cancelled"
    events = [event.type for event in await house.events(f"deployment:{deployment.id}")]
    assert events.count("deployment.cancelled") == 1


async def test_what_has_ended_or_is_shifting_cannot_be_cancelled(house: House) -> None:
    deployment = await house.deploy(house.repository(hang="shift"))
    await house.reached(deployment.id, "step.started", step="shift")
    while not (await house.row(deployment.id)).shifting:
        await asyncio.sleep(0)
    with pytest.raises(Conflict, match="shifting"):
        await house.pipeline.cancel(deployment.id)
    assert await house.pipeline.cancel_app("hello") == []
    let_go(house)
    assert (await house.ended(deployment.id)).status == "live"
    with pytest.raises(Conflict, match="live already"):
        await house.pipeline.cancel(deployment.id)
    with pytest.raises(NotFound):
        await house.pipeline.cancel("dep_nothing")


async def test_cancelling_an_app_cancels_what_waits_and_what_runs(house: House) -> None:
    first = await house.deploy(house.repository(hang="build"))
    await house.reached(first.id, "step.progressed", step="build")
    second = await house.deploy(house.repository())
    assert await house.pipeline.cancel_app("hello") == [second.id, first.id]
    await house.at_rest()
    assert {(await house.row(id)).state.status for id in (first.id, second.id)} == {"cancelled"}


async def test_a_rollback_gives_the_traffic_back_and_builds_nothing(house: House) -> None:
    first = await house.deploy(house.repository(lines=1), env={"A": "1"})
    await house.ended(first.id)
    await house.ended((await house.deploy(house.repository(lines=2), env={"A": "2"})).id)
    built = house.cloud.acts("build.called")

    result = await house.pipeline.rollback("hello")

    assert (result.from_revision, result.to_revision) == (2, 1)
    assert result.url == "http://hello.localhost:8081"
    assert "migrations" in result.warning
    assert "A" in result.warning.split()[-1]
    assert house.cloud.acts("build.called") == built
    assert house.cloud.running == {"hello@1"}
    assert house.cloud.env("hello", 1) == {"A": "1"}
    app = await house.app("hello")
    assert (app.live, app.push_paused) == (1, True)
    events = [event for event in await house.events("app:hello") if event.type == "deployment.rolled_back"]
    assert [event.data for event in events] == [{"app": "hello", "from": 2, "to": 1, "warning": result.warning}]


async def test_a_rollback_pauses_deployments_by_push_until_the_next_other_one(house: House) -> None:
    for lines in (1, 2):
        await house.ended((await house.deploy(house.repository(lines=lines))).id)
    await house.pipeline.rollback("hello")
    with pytest.raises(Conflict) as raised:
        await house.deploy(house.repository(lines=3), reason="push")
    assert raised.value.code == "push_paused"
    await house.ended((await house.deploy(house.repository(lines=3))).id)
    assert (await house.ended((await house.deploy(house.repository(lines=4), reason="push")).id)).status == "live"


async def test_a_rollback_goes_where_it_is_told_and_says_why_it_cannot(house: House) -> None:
    with pytest.raises(NotFound):
        await house.pipeline.rollback("hello")
    for lines in (1, 2, 3):
        await house.ended((await house.deploy(house.repository(lines=lines))).id)
    await house.ended((await house.deploy(house.repository(verify="fail"))).id)

    for to, code in ((3, "already_live"), (4, "never_live"), (9, "not_found")):
        with pytest.raises((Conflict, NotFound)) as raised:
            await house.pipeline.rollback("hello", to)
        assert raised.value.code == code
    assert (await house.pipeline.rollback("hello", 1)).to_revision == 1
    with pytest.raises(Conflict) as raised:
        await house.pipeline.rollback("hello")
    assert raised.value.code == "no_earlier_revision"
    assert (await house.pipeline.rollback("hello", 3)).to_revision == 3
    await house.at_rest()


async def test_a_rollback_during_a_deployment_cancels_it(house: House) -> None:
    """F-48"""
    for lines in (1, 2):
        await house.ended((await house.deploy(house.repository(lines=lines))).id)
    running = await house.deploy(house.repository(hang="verify"))
    await house.reached(running.id, "step.started", step="verify")

    assert (await house.pipeline.rollback("hello")).to_revision == 1

    assert (await house.row(running.id)).state.status == "cancelled"
    assert house.cloud.running == {"hello@1"}


async def test_a_deployment_requested_after_a_rollback_is_deployed_after_it(house: House) -> None:
    """F-48"""
    for lines in (1, 2):
        await house.ended((await house.deploy(house.repository(lines=lines))).id)
    shifting = await house.deploy(house.repository(hang="shift"))
    await house.reached(shifting.id, "step.started", step="shift")
    while not (await house.row(shifting.id)).shifting:
        await asyncio.sleep(0)
    rollback = asyncio.create_task(house.pipeline.rollback("hello", 1))
    while (await house.app("hello")).heir is None:
        await asyncio.sleep(0)
    last = await house.deploy(house.repository(lines=9))

    let_go(house)
    assert (await rollback).from_revision == 3
    assert (await house.ended(last.id)).revision == 4
    shifts = house.cloud.acts("traffic.shifted")
    assert shifts[-3:] == ["hello@3", "hello@1", "hello@4"]


async def test_a_revision_that_starts_no_more_is_not_rolled_back_to(house: House) -> None:
    for lines in (1, 2):
        await house.ended((await house.deploy(house.repository(lines=lines))).id)
    house.cloud.break_image("hello", 1)
    with pytest.raises(Conflict) as raised:
        await house.pipeline.rollback("hello")
    assert raised.value.code == "rollback_failed"
    assert "does not start any more" in raised.value.message
    await house.at_rest()
    assert house.cloud.running == {"hello@2"}
    assert (await house.app("hello")).live == 2


async def test_a_rollback_that_breaks_is_a_fault_of_ours_and_ends_its_turn(house: House) -> None:
    for lines in (1, 2):
        await house.ended((await house.deploy(house.repository(lines=lines))).id)
    house.cloud.note("cloud.broken", "hello@1")
    with pytest.raises(Unavailable, match="fault of DevGem"):
        await house.pipeline.rollback("hello")
    await house.at_rest()
    assert (await house.app("hello")).live == 2


async def test_a_rollback_from_a_worker_to_a_server_gives_the_url_back(house: House) -> None:
    await house.ended((await house.deploy(house.repository())).id)
    await house.ended((await house.deploy(house.repository(kind="worker"))).id)
    assert (await house.app("hello")).url is None
    assert (await house.pipeline.rollback("hello")).url == "http://hello.localhost:8081"


async def test_an_app_is_removed_with_all_it_has(house: House) -> None:
    await house.ended((await house.deploy(house.repository(), env={"A": "1"})).id)
    await house.pipeline.remove("hello")
    assert house.cloud.running == set()
    with pytest.raises(NotFound):
        await house.app("hello")
    assert [event.type for event in await house.events("apps:operator")][-1] == "app.removed"
    with pytest.raises(NotFound):
        await house.pipeline.remove("hello")

    again = await house.ended((await house.deploy(house.repository())).id)
    assert (again.status, again.revision) == ("live", 1)
    assert house.cloud.env("hello", 1) == {}


@pytest.mark.parametrize("step", STEPS_BEFORE_TRAFFIC)
async def test_removing_an_app_ends_its_deployment_first(house: House, step: Step) -> None:
    """F-48"""
    deployment = await house.deploy(house.repository(hang=step))
    await house.reached(deployment.id, "step.started", step=step)
    await house.pipeline.remove("hello")
    events = [event.type for event in await house.events(f"deployment:{deployment.id}")]
    assert events[-1] == "deployment.cancelled"
    assert house.cloud.running == set()


async def test_an_app_that_is_being_removed_takes_no_deployment(house: House) -> None:
    deployment = await house.deploy(house.repository(hang="shift"))
    while not (await house.row(deployment.id)).shifting:
        await asyncio.sleep(0)
    removal = asyncio.create_task(house.pipeline.remove("hello"))
    while not (await house.app("hello")).removing:
        await asyncio.sleep(0)
    with pytest.raises(Conflict, match="being removed"):
        await house.deploy(house.repository())
    let_go(house)
    await removal
    assert house.cloud.running == set()


async def test_an_app_that_could_not_be_removed_takes_deployments_again(house: House) -> None:
    await house.ended((await house.deploy(house.repository())).id)
    house.cloud.note("delete.refused", "hello")
    with pytest.raises(Unavailable, match="does not answer"):
        await house.pipeline.remove("hello")
    await house.at_rest()
    assert (await house.ended((await house.deploy(house.repository(lines=1))).id)).status == "live"


async def test_only_what_is_live_is_restarted(house: House) -> None:
    deployment = await house.deploy(house.repository(hang="build"))
    with pytest.raises(Conflict):
        await house.pipeline.restart("hello")
    let_go(house)
    await house.ended(deployment.id)
    await house.pipeline.restart("hello")
    assert house.cloud.acts("restart.called") == ["hello"]
