"""The contract of every ledger: in memory, in Redis over TCP, in Redis over REST."""

from dataclasses import replace

import pytest

from devgem.quota import Lease, Ledger, Limits, Priority, Verdict, Waiting
from tests.quota.conftest import Clock, ask, endpoints, granted, refused, settle, take


async def test_endpoints_are_used_in_order_and_passed_over_when_full(ledger: Ledger) -> None:
    where = endpoints(Limits(rpm=2), Limits(rpm=1), Limits(rpm=5))
    used = [(await granted(ledger, ask(where))).endpoint.id for _ in range(5)]
    assert used == ["e0", "e0", "e1", "e2", "e2"]


async def test_a_full_fleet_refuses_with_the_reason_and_the_seconds(ledger: Ledger) -> None:
    where = endpoints(Limits(rpm=1))
    await granted(ledger, ask(where))
    refusal = await refused(ledger, ask(where))
    assert 0 < refusal.retry_after_seconds <= 0.25
    assert "per minute" in refusal.reasons["e0"]
    assert not refusal.never


async def test_requests_come_back_after_the_window_and_not_before(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=3))
    for _ in range(3):
        await granted(ledger, ask(where))
    clock.ms += 60_000
    await refused(ledger, ask(where))
    clock.ms += 1_000
    for _ in range(3):
        await granted(ledger, ask(where))


async def test_a_burst_across_the_edge_of_a_minute_gets_no_second_limit(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=10))
    clock.ms = clock.ms // 60_000 * 60_000 + 59_000
    answers = []
    for _ in range(40):
        answers.append(await take(ledger, ask(where)))
        clock.ms += 100
    assert sum(isinstance(answer, Lease) for answer in answers) == 10


async def test_the_hour_is_a_limit_of_its_own(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=2, rph=3))
    for _ in range(2):
        await granted(ledger, ask(where))
    clock.ms += 61_000
    await granted(ledger, ask(where))
    assert "per hour" in (await refused(ledger, ask(where))).reasons["e0"]
    clock.ms += 3_600_000
    await granted(ledger, ask(where))


async def test_tokens_are_reserved_and_settled_to_what_was_used(ledger: Ledger) -> None:
    where = endpoints(Limits(tpm=1000))
    lease = await granted(ledger, ask(where, input=600, output=300))
    await refused(ledger, ask(where, input=200))
    await settle(ledger, lease, input_tokens=500, output_tokens=100)
    await granted(ledger, ask(where, input=400))
    await refused(ledger, ask(where, input=1))


async def test_a_call_that_used_more_than_estimated_is_debited(ledger: Ledger) -> None:
    where = endpoints(Limits(tpm=1000))
    lease = await granted(ledger, ask(where, input=100))
    await settle(ledger, lease, input_tokens=100, output_tokens=850)
    await refused(ledger, ask(where, input=60))
    await granted(ledger, ask(where, input=50))


async def test_where_only_input_counts_output_is_free(ledger: Ledger) -> None:
    first, second = endpoints(Limits(tpm=100), Limits(tpm=100))
    where = (replace(first, counts_output=False), second)
    assert (await granted(ledger, ask(where, input=90, output=500))).endpoint.id == "e0"


async def test_a_lease_that_is_never_settled_expires(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(tpm=100))
    await granted(ledger, ask(where, input=100))
    clock.ms += 61_000
    await granted(ledger, ask(where, input=100))


async def test_a_refund_after_the_window_changes_nothing(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(tpm=100))
    lease = await granted(ledger, ask(where, input=100))
    clock.ms += 61_000
    await granted(ledger, ask(where, input=60))
    await settle(ledger, lease, input_tokens=0)
    await refused(ledger, ask(where, input=50))


@pytest.mark.parametrize("priority", [Priority.DEPLOY, Priority.CHAT])
async def test_what_can_never_fit_is_refused_for_good(ledger: Ledger, priority: Priority) -> None:
    refusal = await refused(ledger, ask(endpoints(Limits(tpm=100), Limits(tpm=200)), priority, input=201), age_ms=0)
    assert refusal.never


async def test_without_endpoints_the_answer_is_never(ledger: Ledger) -> None:
    assert (await refused(ledger, ask(()))).never


async def test_a_waiting_deploy_holds_every_lower_class_back(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=10, tpm=1000))
    await granted(ledger, ask(where, input=900))
    await refused(ledger, ask(where, input=300), age_ms=0)  # a deploy that waits for room for its tokens
    clock.ms += 100
    (deploy, chat) = await ledger.decide(
        [(ask(where, input=300), 100), (ask(where, Priority.CHAT, input=1), 0)],
    )
    assert not isinstance(deploy, Lease)
    assert not isinstance(chat, Lease)
    assert "go first" in chat.reasons["e0"]


async def test_who_waits_elsewhere_in_this_process_goes_first_too(ledger: Ledger) -> None:
    where = endpoints(Limits(rpm=10))
    (chat,) = await ledger.decide([(ask(where, Priority.CHAT), 0)], waiting=[Waiting(Priority.DEPLOY, 1, 500)])
    assert not isinstance(chat, Lease)
    assert chat.ahead == 1


async def test_a_users_own_endpoint_is_not_held_back(ledger: Ledger) -> None:
    shared = endpoints(Limits(rpm=10))
    (own,) = endpoints(Limits(rpm=10), shared=False)
    where = (*shared, replace(own, id="own"))
    (chat,) = await ledger.decide([(ask(where, Priority.CHAT), 0)], waiting=[Waiting(Priority.DEPLOY, 1, 500)])
    assert isinstance(chat, Lease)
    assert chat.endpoint.id == "own"


async def test_a_429_is_honoured_to_the_second(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=10), Limits(rpm=10))
    lease = await granted(ledger, ask(where))
    await settle(ledger, lease, Verdict.REFUSED, retry_after_seconds=7.0)
    assert (await granted(ledger, ask(where))).endpoint.id == "e1"
    clock.ms += 6_999
    assert (await granted(ledger, ask(where))).endpoint.id == "e1"
    clock.ms += 1
    probe = await granted(ledger, ask(where[:1]))
    assert probe.is_probe


async def test_exactly_one_probe_goes_to_a_half_open_endpoint(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=10))
    await settle(ledger, await granted(ledger, ask(where)), Verdict.REFUSED, retry_after_seconds=1.0)
    clock.ms += 1_000
    probe = await granted(ledger, ask(where))
    assert "finds out" in (await refused(ledger, ask(where))).reasons["e0"]
    await settle(ledger, probe, Verdict.STARTED)
    await granted(ledger, ask(where))


async def test_failures_open_the_circuit_and_one_success_closes_it(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=100))
    for _ in range(3):
        await settle(ledger, await granted(ledger, ask(where)), Verdict.FAILED)
    assert "failed" in (await refused(ledger, ask(where))).reasons["e0"]
    clock.ms += 1_000
    await settle(ledger, await granted(ledger, ask(where)), Verdict.OK)
    await granted(ledger, ask(where))


async def test_a_call_that_was_at_fault_itself_leaves_the_endpoint_healthy(ledger: Ledger) -> None:
    where = endpoints(Limits(rpm=100))
    for _ in range(10):
        await settle(ledger, await granted(ledger, ask(where)), Verdict.REJECTED)
    await granted(ledger, ask(where))


async def test_a_model_that_is_not_there_is_passed_over_for_minutes(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=100), Limits(rpm=100))
    await settle(ledger, await granted(ledger, ask(where)), Verdict.ABSENT)
    clock.ms += 300_000
    assert (await granted(ledger, ask(where))).endpoint.id == "e1"


async def test_after_an_opening_traffic_ramps_up(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=600))
    await settle(ledger, await granted(ledger, ask(where)), Verdict.REFUSED, retry_after_seconds=1.0)
    clock.ms += 1_000
    await settle(ledger, await granted(ledger, ask(where)), Verdict.OK)
    answers = [await take(ledger, ask(where)) for _ in range(50)]
    assert sum(isinstance(answer, Lease) for answer in answers) == 1
    clock.ms += 3_000
    answers = [await take(ledger, ask(where)) for _ in range(50)]
    assert sum(isinstance(answer, Lease) for answer in answers) == 50


async def test_the_ceiling_falls_with_a_429_and_comes_back(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=100))
    await settle(ledger, await granted(ledger, ask(where)), Verdict.REFUSED, retry_after_seconds=1.0)
    assert (await ledger.board(where)).endpoints[0].ceiling == 0.7
    clock.ms += 25_000
    assert (await ledger.board(where)).endpoints[0].ceiling == pytest.approx(0.8)
    clock.ms += 100_000
    assert (await ledger.board(where)).endpoints[0].ceiling == 1.0


async def test_when_the_probe_is_refused_too_the_rate_was_not_to_blame(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=100))
    await settle(ledger, await granted(ledger, ask(where)), Verdict.REFUSED, retry_after_seconds=1.0)
    clock.ms += 1_000
    await settle(ledger, await granted(ledger, ask(where)), Verdict.REFUSED, retry_after_seconds=1.0)
    assert (await ledger.board(where)).endpoints[0].ceiling == 1.0


async def test_the_board_tells_what_is_used_and_who_waits(ledger: Ledger, clock: Clock) -> None:
    where = endpoints(Limits(rpm=5, tpm=1000), Limits())
    await granted(ledger, ask(where, input=700))
    await refused(ledger, ask(where[:1], input=400), age_ms=0)
    clock.ms += 500
    board = await ledger.board(where)
    first, second = board.endpoints
    assert (first.rpm.used, first.rpm.limit, first.tpm.used, first.tpm.limit) == (1, 5, 700, 1000)
    assert first.rpm.frees_in_seconds == pytest.approx(60, abs=1)
    assert (second.rpm.used, second.rpm.limit) == (0, None)
    assert board.waiting[Priority.DEPLOY] == 1
    assert board.degraded == ""


async def test_time_that_goes_backwards_is_a_standstill(ledger: Ledger, clock: Clock) -> None:
    """F-60"""
    where = endpoints(Limits(rpm=1))
    await granted(ledger, ask(where))
    clock.ms -= 3_600_000
    await refused(ledger, ask(where))
