import pytest

from devgem.gateway.signals import Tally

from .conftest import House, until
from .peers import App, Message, connected, request, response


@pytest.mark.parametrize("seconds", [0.000_002, 0.000_9, 0.004, 0.033, 0.5, 2.0, 100.0, 3000.0])
def test_a_percentile_is_close_to_the_value_it_stands_for(seconds: float) -> None:
    tally = Tally()
    for _ in range(100):
        tally.count(200, seconds)
    signals = tally.signals(1, 0)
    assert signals.latency_p50_seconds == pytest.approx(seconds, rel=1 / 15)
    assert signals.latency_p99_seconds == signals.latency_p50_seconds


def test_percentiles_tell_the_many_from_the_few() -> None:
    tally = Tally()
    for _ in range(97):
        tally.count(200, 0.001)
    for _ in range(3):
        tally.count(200, 1.0)
    signals = tally.signals(1, 0)
    assert signals.latency_p50_seconds == pytest.approx(0.001, rel=1 / 15)
    assert signals.latency_p99_seconds == pytest.approx(1.0, rel=1 / 15)


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e9])
def test_a_latency_out_of_range_is_counted_at_its_edge(seconds: float) -> None:
    tally = Tally()
    tally.count(200, seconds)
    assert tally.signals(1, 0).latency_p50_seconds is not None


def test_no_requests_have_no_latency() -> None:
    signals = Tally().signals(3, 0)
    assert (signals.revision, signals.requests, signals.latency_p50_seconds, signals.by_status) == (3, 0, None, {})


async def test_requests_are_counted_by_revision_and_status_class(house: House) -> None:
    def answer(asked: Message) -> bytes:
        return response(status=f"{asked.target[1:]} X")

    async with App.answering(answer) as old, App.answering(answer) as new:
        wire = await house.wire()
        house.gateway.route("a", [(old.backend(1), 100)])
        for status in (200, 201, 404, 500):
            await wire.ask(request(f"/{status}"))
        house.gateway.route("a", [(new.backend(2), 100)])
        await wire.ask(request("/301"))
        await wire.ask(request(host="b.localhost"))
    first, second = house.gateway.signals("a").revisions
    assert (first.revision, first.requests, first.by_status) == (1, 4, {"2xx": 2, "4xx": 1, "5xx": 1})
    assert (second.revision, second.requests, second.by_status) == (2, 1, {"3xx": 1})
    assert first.latency_p50_seconds is not None
    assert house.gateway.signals("b").revisions == ()


async def test_a_response_that_broke_off_counts_as_a_server_error(house: House) -> None:
    async with App.saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok") as app:
        house.gateway.route("a", [(app.backend(), 100)])
        async with connected(house.port) as wire:
            await wire.send(request())
            await wire.read_head()
            await until(lambda: app.wires)
            app.wires[0].writer.close()
            assert await wire.read_all() == b"ok"
        await until(lambda: house.gateway.signals("a").revisions[0].by_status == {"5xx": 1})


async def test_counts_of_old_revisions_are_forgotten_at_last(house: House) -> None:
    async with App.saying(response()) as app:
        for number in range(1, 101):
            house.gateway.route("a", [(app.backend(number), 100)])
        numbers = [one.revision for one in house.gateway.signals("a").revisions]
        assert numbers[-1] == 100
        assert len(numbers) <= 32
        house.gateway.route("a", [(app.backend(1), 100)])
        assert (await house.ask(request())).status == 200
        assert house.gateway.signals("a").revisions[0].requests == 1


async def test_an_app_that_is_gone_has_no_counts(house: House) -> None:
    async with App.saying(response()) as app:
        house.gateway.route("a", [(app.backend(), 100)])
        assert (await house.ask(request())).status == 200
        house.gateway.unroute("a")
        house.gateway.unroute("a")
        assert house.gateway.signals("a").revisions == ()
