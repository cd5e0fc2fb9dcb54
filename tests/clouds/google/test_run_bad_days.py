"""Cloud Run on bad days: every class of error at every call, a process killed at any of them, others at work too."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import grpc
import pytest

from devgem.clouds.google.run import CloudRun
from devgem.domain.app import Proof, Traffic
from devgem.domain.errors import Conflict, DevGemError, NotFound
from tests.clouds.google.running import House, deploy, google_house, verdict

ENV = {"TOKEN": "not-for-anyone-else", "CERTIFICATE": "-----BEGIN-----\nsecret lines of it\n-----END-----"}
CODES = (
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.UNAUTHENTICATED,
)
PASSING = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
METHODS = (
    "GetService",
    "ListRevisions",
    "CreateService",
    "UpdateService",
    "GetOperation",
    "GetDockerImage",
    "GetServiceAccount",
    "CreateServiceAccount",
    "ListSecrets",
    "CreateSecret",
    "SetIamPolicy",
    "AddSecretVersion",
    "AccessSecretVersion",
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with google_house() as made:
        yield made


async def two_deployments(house: House, cloud: CloudRun) -> None:
    await deploy(cloud, house.revision(1, ENV))
    await deploy(cloud, house.revision(2, {**ENV, "MORE": "another-value"}))


@pytest.mark.parametrize("method", METHODS)
async def test_every_error_at_every_call_is_said_or_passes_and_the_next_attempt_succeeds(
    house: House, method: str
) -> None:
    for index, code in enumerate(CODES):
        app = f"shop{index}"
        house.peer.fault(method, code)
        async with house.cloud() as cloud:
            for number in (1, 2):
                revision = house.revision(number, {**ENV, "NUMBER": f"number {number}"}, app=app)
                try:
                    await deploy(cloud, revision)
                except DevGemError as error:
                    assert code not in PASSING, f"{method}: {code} passes, and was not waited for"
                    assert error.message and (error.fix or isinstance(error, NotFound)), f"{method}: {code}: {error!r}"
                    assert not any(value in f"{error.message} {error.fix}" for value in ENV.values())
                    await deploy(cloud, revision)
        assert not house.peer.faults[method], f"{method} was never called"
        assert house.shares(app) == [(f"{app}-v2", 100, "v2")]


@pytest.mark.parametrize(
    "method", ["DeleteService", "DeleteSecret", "DeleteServiceAccount", "ListSecrets", "GetOperation"]
)
async def test_a_removal_that_an_error_stops_is_finished_by_the_next(house: House, method: str) -> None:
    for code in CODES:
        async with house.cloud() as cloud:
            await deploy(cloud, house.revision(1, ENV))
            house.peer.fault(method, code)
            try:
                await cloud.delete("shop")
            except DevGemError as error:
                assert error.fix
            house.peer.faults.clear()
            await cloud.delete("shop")
        assert house.is_empty, f"{method}: {code}"


class Killed(Exception):
    """The process ends here."""


async def killed_at(house: House, call: int, work: Callable[[CloudRun], Awaitable[object]]) -> bool:
    """Whether the process was killed before its work was done, right after the call of this number was answered."""
    calls = len(house.peer.calls) + call
    async with house.cloud() as cloud:
        task = asyncio.ensure_future(work(cloud))
        while not task.done() and len(house.peer.calls) < calls:
            await asyncio.sleep(0)
        if task.done():
            task.result()
            return False
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return True


async def test_a_process_that_is_killed_at_any_call_is_followed_by_one_that_finds_what_it_made(house: House) -> None:
    call, killed = 1, True
    while killed:
        app = f"shop{call}"

        async def work(cloud: CloudRun, app: str = app) -> None:
            await deploy(cloud, house.revision(1, ENV, app=app))

        killed = await killed_at(house, call, work)
        async with house.cloud() as cloud:
            await work(cloud)
            assert house.shares(app) == [(f"{app}-v1", 100, "v1")]
            assert [name for name in house.revisions() if name.startswith(f"{app}-")] == [f"{app}-v1"]
            await cloud.delete(app)
        assert house.is_empty
        call += 1
    assert call > 10


async def test_the_operation_is_noted_before_it_is_waited_for_and_one_that_is_lost_does_no_harm(house: House) -> None:
    house.peer.looks = 5
    async with house.cloud() as cloud:
        await cloud.release(house.revision(1))
        assert house.notes.kept["run/shop"] in house.peer.operations
    house.peer.operations.clear()
    async with house.cloud() as cloud:
        assert isinstance(await verdict(cloud, house.revision(1)), Proof)
    assert not house.notes.kept


async def test_a_service_that_others_change_meanwhile_is_looked_at_again(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1))
        house.peer.fault("UpdateService", grpc.StatusCode.ABORTED, times=2)
        await deploy(cloud, house.revision(2))
    assert house.shares() == [("shop-v2", 100, "v2")]


async def test_two_devgems_on_one_project_do_not_see_each_others_apps(house: House) -> None:
    async with house.cloud("one") as one, house.cloud("two") as two:
        await deploy(one, house.revision(1, ENV))
        await deploy(two, house.revision(1, ENV, app="till"))
        with pytest.raises(Conflict, match="did not make"):
            await two.release(house.revision(2, ENV))
        await two.delete("shop")
        await one.delete("till")
        assert house.shares("shop") and house.shares("till") and len(house.secrets.names) == 4
        await one.delete("shop")
        await two.delete("till")
    assert house.is_empty


async def test_values_are_in_no_request_but_the_one_that_stores_them(house: House) -> None:
    async with house.cloud() as cloud:
        await two_deployments(house, cloud)
        await cloud.restart("shop")
        await cloud.signals("shop", timedelta(hours=1))
        await cloud.delete("shop")
    values = [value.encode() for value in (*ENV.values(), "another-value")]
    told = {name for name, _, request in house.peer.requests for value in values if value in repr(request).encode()}
    assert told == {"AddSecretVersion"}
    assert not any(value.decode() in text for value in values for text in house.notes.kept.values())


async def test_a_deployment_takes_few_calls(house: House) -> None:
    async with house.cloud() as cloud:
        await two_deployments(house, cloud)
        before = len(house.peer.calls)
        await deploy(cloud, house.revision(3, ENV))
    assert len(house.peer.calls) - before <= 30, house.peer.calls[before:]


async def test_only_the_newest_revisions_are_kept(house: House) -> None:
    async with house.cloud() as cloud:
        for number in range(1, 23):
            await cloud.release(house.revision(number, {"VALUE": f"value {number}"}))
            await cloud.shift("shop", Traffic({number: 100}))
        assert len(house.run.revisions) == 20
        [held] = house.secrets.secrets.values()
        assert sum(version.state == 1 for version, _ in held.versions) == 20


async def test_lists_of_many_pages_are_read_whole(house: House) -> None:
    house.run.page_size = house.secrets.page_size = 1
    async with house.cloud() as cloud:
        await two_deployments(house, cloud)
        assert house.shares() == [("shop-v2", 100, "v2")]
        await cloud.delete("shop")
    assert house.is_empty
