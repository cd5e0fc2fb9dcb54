"""One deployment after the other."""

from tests.pipeline.conftest import House


async def test_a_repository_becomes_a_live_app(house: House) -> None:
    deployment = await house.deploy(house.repository())
    assert deployment.app == "hello"

    live = await house.ended(deployment.id)

    assert live.status == "live"
    assert live.url == "http://hello.localhost:8081"
    assert (live.revision, live.http_status) == (1, 200)
    assert {step.status for step in live.steps.values()} == {"done"}
    assert house.cloud.traffic("hello") == {1: 100}
