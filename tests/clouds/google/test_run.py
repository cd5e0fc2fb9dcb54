"""Cloud Run: released by tag without traffic, proven, shifted, ended; by the real clients against the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace

import grpc
import httpx2
import pytest
from aiohttp import web

from devgem.clouds.google import naming
from devgem.clouds.google.balancer import Site
from devgem.domain.app import Proof, Traffic
from devgem.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from devgem.domain.failure import Failure
from devgem.domain.plan import Kind, Stack
from tests.clouds.google.project import PROJECT, REGION
from tests.clouds.google.running import PLAN, House, deploy, google_house, verdict
from tests.standins.google.run import Image, Reason, Running

PORT_MESSAGE = (
    "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 "
    "environment variable within the allocated timeout."
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with google_house() as made:
        yield made


async def get(url: str) -> str:
    async with httpx2.AsyncClient(timeout=30) as client:
        return (await client.get(url)).text


async def test_an_app_goes_from_its_image_to_a_url_and_away_again(house: House) -> None:
    async with house.cloud() as cloud:
        proof = await deploy(cloud, house.revision(1, {"TOKEN": "open-sesame-42"}))
        assert proof.status == 200 and proof.port == 8080
        url = await cloud.url("shop")
        assert await get(url) == "shop-v1 answers"
        service = house.service()
        assert dict(service.labels) == {"managed-by": "devgem", "devgem-install": "one", "devgem-app": "shop"}
        assert service.invoker_iam_disabled and house.shares() == [("shop-v1", 100, "v1")]
        await cloud.delete("shop")
        assert house.is_empty
        await cloud.delete("shop")


async def test_a_new_revision_gets_nothing_until_it_is_given_traffic_and_the_old_one_stays(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1))
        second = house.revision(2)
        await cloud.release(second)
        assert isinstance(await verdict(cloud, second), Proof)
        assert house.shares() == [("shop-v1", 100, "v1"), ("shop-v2", 0, "v2")]
        assert {await get(await cloud.url("shop")) for _ in range(3)} == {"shop-v1 answers"}
        await cloud.shift("shop", Traffic({1: 75, 2: 25}))
        assert {await get(await cloud.url("shop")) for _ in range(20)} == {"shop-v1 answers", "shop-v2 answers"}
        await cloud.shift("shop", Traffic({2: 100}))
        assert await get(await cloud.url("shop")) == "shop-v2 answers"
        # Back, as a rollback goes: started already, asked again at its own address, then the traffic.
        await deploy(cloud, house.revision(1))
        assert house.shares() == [("shop-v1", 100, "v1")] and house.revisions() == ["shop-v1", "shop-v2"]


async def test_a_second_release_finds_the_first(house: House) -> None:
    async with house.cloud() as cloud:
        for _ in range(2):
            await cloud.release(house.revision(1, {"A": "first-value"}))
        await deploy(cloud, house.revision(1, {"A": "first-value"}))
    assert house.peer.counts["CreateService"] == 1 and house.peer.counts["AddSecretVersion"] == 1


async def test_the_address_is_the_domains_once_one_is_set_up(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1))
        assert (await cloud.url("shop")).startswith("http://127.0.0.1:")
        house.domain = "apps.example.com"
        assert await cloud.url("shop") == "https://shop.apps.example.com"


async def test_what_a_revision_is_given(house: House) -> None:
    plan = replace(PLAN, port=3000, health_path="/health")
    env = {"TOKEN": "line one\nline two", "EMPTY": "", "PORT": "9000", "K_SERVICE": "mine"}
    async with house.cloud() as cloud:
        await cloud.release(house.revision(1, env, plan=plan))
    template = house.service().template
    [container] = template.containers
    assert container.ports[0].container_port == 9000
    assert [one.name for one in container.env] == ["EMPTY", "TOKEN"]
    assert container.liveness_probe.http_get.path == "/health"
    assert dict(container.resources.limits) == {"cpu": "1", "memory": "512Mi"}
    assert template.service_account == f"{naming.account_of(_site(), 'shop')}@{PROJECT}.iam.gserviceaccount.com"
    assert house.run.env_of(house.run.revisions[f"{house.service().name}/revisions/shop-v1"]) == {
        "EMPTY": "",
        "TOKEN": "line one\nline two",
        "PORT": "9000",
    }


def _site() -> Site:
    return Site(PROJECT, REGION, "one")


async def test_long_names_of_previews_are_shortened_and_still_found(house: House) -> None:
    app = "a" * 40 + "--preview"
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1, {"TOKEN": "abcdefgh"}, app=app))
        assert await get(await cloud.url(app)) == f"{naming.service_of(app)}-v1 answers"
        await cloud.delete(app)
    assert house.is_empty


async def test_a_worker_is_refused_before_anything_is_made(house: House) -> None:
    plan = replace(PLAN, stack=Stack("python", kind=Kind.WORKER))
    async with house.cloud() as cloud:
        failure = await cloud.release(house.revision(1, plan=plan))
    assert failure is not None and failure.code == "worker_not_served" and house.is_empty


@pytest.mark.parametrize(
    ("image", "code", "words", "evidence"),
    [
        (Image(refuses=PORT_MESSAGE, lines=["server up on 127.0.0.1:3000"]), "never_listens", "PORT=8080", "server up"),
        (
            Image(refuses=PORT_MESSAGE, lines=["environs.EnvError: boom", "Container called exit(3)."]),
            "exited",
            "exit code 3",
            "EnvError",
        ),
        (
            Image(refuses=PORT_MESSAGE, lines=['environs.EnvError: Environment variable "API_TOKEN" not set']),
            "missing_env",
            "API_TOKEN",
            "API_TOKEN",
        ),
        (
            Image(refuses=PORT_MESSAGE, lines=["Memory limit of 512 MiB exceeded with 530 MiB used."]),
            "out_of_memory",
            "512 MB",
            "530 MiB",
        ),
        (Image(refuses="Image 'x' not found.", reason=Reason.CONTAINER_MISSING), "image_missing", "image", "Image"),
        (
            Image(refuses="no access", reason=Reason.CONTAINER_IMAGE_UNAUTHORIZED),
            "image_forbidden",
            "may not read",
            "no access",
        ),
        (
            Image(refuses="Quota exceeded for total allowable CPU", reason=Reason.UNKNOWN),
            "quota",
            "quota",
            "allowable CPU",
        ),
    ],
)
async def test_why_a_revision_does_not_become_ready_is_said(
    house: House, image: Image, code: str, words: str, evidence: str
) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1))
        bad = house.revision(2, does=image)
        assert await cloud.release(bad) is None
        failure = await verdict(cloud, bad)
        assert isinstance(failure, Failure)
        assert failure.code == code and words in failure.cause and evidence in failure.evidence and failure.fix
        await cloud.discard(bad)
        await cloud.discard(bad)
        assert house.shares() == [("shop-v1", 100, "v1")]
        assert await get(await cloud.url("shop")) == "shop-v1 answers"


async def test_a_first_revision_that_fails_leaves_nothing(house: House) -> None:
    async with house.cloud() as cloud:
        bad = house.revision(1, {"TOKEN": "abcdefgh"}, does=Image(refuses=PORT_MESSAGE))
        await cloud.release(bad)
        assert isinstance(await verdict(cloud, bad), Failure)
        await cloud.discard(bad)
    assert house.is_empty


async def test_one_that_failed_is_started_anew_under_the_same_number(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1))
        bad = house.revision(2, does=Image(refuses=PORT_MESSAGE))
        await cloud.release(bad)
        assert isinstance(await verdict(cloud, bad), Failure)
        house.run.images.clear()
        await deploy(cloud, bad)
        assert house.shares() == [("shop-v2-2", 100, "v2")]


async def test_an_answer_of_500_is_no_proof_and_no_value_is_told(house: House) -> None:
    async def broken(running: Running, request: web.Request) -> web.Response:
        house.log("shop", running.name, "stderr", "ValueError: cannot use hunter2hunter2")
        return web.Response(status=500)

    revision = house.revision(1, {"PASSWORD": "hunter2hunter2"}, does=Image(broken))
    async with house.cloud() as cloud:
        await cloud.release(revision)
        failure = await verdict(cloud, revision)
    assert isinstance(failure, Failure) and failure.code == "answers_5xx"
    assert "500" in failure.cause and failure.evidence == "ValueError: cannot use [secret]"


async def test_an_app_without_a_front_page_is_proven_with_a_note(house: House) -> None:
    async def api_only(running: Running, request: web.Request) -> web.Response:
        return web.Response(status=404)

    async with house.cloud() as cloud:
        proof = await deploy(cloud, house.revision(1, does=Image(api_only)))
    assert proof.status == 404 and proof.notes == ("answers 404 to GET /",)


async def test_a_release_command_that_is_not_run_is_said(house: House) -> None:
    plan = replace(PLAN, release=(("python", "manage.py", "migrate"),))
    async with house.cloud() as cloud:
        proof = await deploy(cloud, house.revision(1, plan=plan))
    assert "python manage.py migrate" in proof.notes[0] and "not run" in proof.notes[0]


async def test_an_image_that_is_gone_is_not_found(house: House) -> None:
    revision = house.revision(1)
    house.registry.images.clear()
    async with house.cloud() as cloud:
        with pytest.raises(NotFound):
            await cloud.release(revision)
    assert house.is_empty


async def test_what_devgem_did_not_make_is_not_touched(house: House) -> None:
    async with house.cloud("two") as other:
        await deploy(other, house.revision(1))
        before = house.service().etag
        async with house.cloud("one") as cloud:
            for call in (
                cloud.release(house.revision(2)),
                cloud.shift("shop", Traffic({1: 100})),
                cloud.discard(house.revision(1)),
                cloud.restart("shop"),
                cloud.url("shop"),
            ):
                with pytest.raises(Conflict) as caught:
                    await call
                assert caught.value.code == "not_ours" and caught.value.fix
            await cloud.delete("shop")
    assert house.service().etag == before and house.iam.accounts


async def test_a_service_that_was_deleted_by_hand_is_said_and_made_anew(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1))
        house.run.delete_by_hand("shop")
        with pytest.raises(Conflict, match="deleted it") as caught:
            await cloud.url("shop")
        assert caught.value.code == "service_gone"
        for call in (cloud.shift("shop", Traffic({1: 100})), cloud.restart("shop")):
            with pytest.raises(Conflict):
                await call
        await cloud.discard(house.revision(1))
        await deploy(cloud, house.revision(2))
        assert await get(await cloud.url("shop")) == "shop-v2 answers"


async def test_a_restart_is_a_new_revision_of_the_same_and_gets_the_traffic_when_ready(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1, {"TOKEN": "abcdefgh"}))
        await cloud.restart("shop")
        assert house.shares() == [("shop-v1-2", 100, "v1")]
        assert await get(await cloud.url("shop")) == "shop-v1-2 answers"
        await deploy(cloud, house.revision(1, {"TOKEN": "abcdefgh"}))
        assert house.shares() == [("shop-v1-2", 100, "v1")]
        house.run.images[house.revision(1).image.digest] = Image(refuses=PORT_MESSAGE)
        with pytest.raises(Conflict, match="goes on as it was"):
            await cloud.restart("shop")
        assert house.shares() == [("shop-v1-2", 100, "")]
        house.run.images.clear()
        await deploy(cloud, house.revision(1, {"TOKEN": "abcdefgh"}))
        assert house.shares() == [("shop-v1-2", 100, "v1")]


async def test_a_value_that_is_too_large_is_refused_and_one_of_32_kib_is_not(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1, {"BIG": "x" * (32 << 10)}))
        for value in ("x" * (65 << 10), "a\0b", "\ud800"):
            with pytest.raises(InvalidInput, match="BIG"):
                await cloud.release(house.revision(2, {"BIG": value}))
        await deploy(cloud, house.revision(3, {"GREETING": "grüß dich 👋\n第二行"}))
    [running] = [one for name, one in house.run.revisions.items() if name.endswith("-v3")]
    assert (house.run.env_of(running) or {})["GREETING"] == "grüß dich 👋\n第二行"
    assert house.shares() == [("shop-v3", 100, "v3")]


async def test_secrets_are_kept_as_long_as_a_revision_names_them(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1, {"A": "value-one", "B": "value-two"}))
        second = house.revision(2, {"A": "value-new", "C": "value-three"})
        await cloud.release(second)
        assert [name.split("-")[2] for name in house.secrets.names] == ["A", "B", "C"]
        await deploy(cloud, house.revision(3, {"A": "value-one"}))
        await cloud.discard(second)
        assert [name.split("-")[2] for name in house.secrets.names] == ["A", "B"]
        assert house.peer.counts["AddSecretVersion"] == 5


async def test_what_cannot_be_removed_is_told_with_the_command(house: House) -> None:
    async with house.cloud() as cloud:
        await deploy(cloud, house.revision(1, {"A": "value-one"}))
        house.peer.fault("DeleteSecret", grpc.StatusCode.PERMISSION_DENIED)
        with pytest.raises(Unavailable, match="its secrets") as caught:
            await cloud.delete("shop")
        assert "gcloud secrets list --filter=labels.devgem-app=shop" in caught.value.fix
        assert not house.run.services and not house.iam.accounts
        await cloud.delete("shop")
    assert house.is_empty
