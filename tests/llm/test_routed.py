"""Where a call goes, what each failure means for the next endpoint, and what is settled."""

import asyncio
from decimal import Decimal

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent

from devgem.domain.errors import DevGemError
from devgem.llm import notices
from devgem.llm.attempt import Deadlines
from devgem.llm.errors import BudgetSpent, ModelFailed, NoQuota, PromptRejected, PromptTooLong
from devgem.quota import Priority, Verdict
from tests.llm.rig import MODEL, REGIONS, routed, watch
from tests.standins.gemini import Config, Fault, Limits, Reply


async def test_an_answer_comes_from_the_first_endpoint_and_is_settled_to_what_it_used() -> None:
    async with routed() as rig:
        rig.google.script(Reply.say("Hel", "lo.", prompt_tokens=1000, output_tokens=200, thought_tokens=50))
        told = await watch(Agent(rig.model()), "hi")
        assert told.text == told.result == "Hello."
        assert rig.asked() == ["us-central1"]
        outcome = rig.quota.settled[0][1]
        assert (outcome.verdict, outcome.input_tokens, outcome.output_tokens) == (Verdict.OK, 1000, 250)
        answered = rig.notices[-1]
        assert isinstance(answered, notices.Answered)
        assert answered.cost_usd == Decimal("0.0016875")
        assert rig.purse.charged == [(1250, Decimal("0.0016875"))]
        assert (await rig.state("us-central1")).tpm.used == 1250


@pytest.mark.parametrize("kind", ["503", "500", "500_html", "garbage", "reset", "no_finish", "error_chunk", "404"])
async def test_a_failing_endpoint_is_passed_over_within_the_same_turn(kind: str) -> None:
    async with routed() as rig:
        rig.google.script(Reply.say("fi", "ne"))
        for region in REGIONS[:2]:
            rig.google.fault(region, Fault(kind, times=None))
        told = await watch(Agent(rig.model()), "hi")
        assert told.text == told.result == "fine"
        assert rig.asked() == ["us-central1", "us-east1", "europe-west1"]
        verdict = Verdict.ABSENT if kind == "404" else Verdict.FAILED
        assert rig.quota.verdicts == [("us-central1", verdict), ("us-east1", verdict), ("europe-west1", Verdict.OK)]
        assert rig.all_settled()
        switches = [one for one in rig.notices if isinstance(one, notices.Switched)]
        assert [one.origin.split("/")[1] for one in switches] == ["us-central1", "us-east1"]
        assert "html" not in switches[0].reason.lower() or "HTML page" in switches[0].reason


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("429", 2.5, 2.5),
        ("429_retry_after", 7.0, 7.0),
        ("429_quota_failure", None, None),
        ("429_bare", None, None),
        ("429_daily", 1.0, 90_000.0),
    ],
)
async def test_a_429_moves_on_and_its_wait_is_honoured(kind: str, least: float | None, most: float | None) -> None:
    async with routed() as rig:
        rig.google.fault("us-central1", Fault(kind, times=None, seconds=7.0 if "after" in kind else 2.5))
        for _ in range(3):
            await Agent(rig.model()).run("hi")
        assert rig.asked() == ["us-central1", "us-east1", "us-east1", "us-east1"]
        outcome = rig.quota.settled[0][1]
        assert outcome.verdict is Verdict.REFUSED
        assert (outcome.input_tokens, outcome.output_tokens) == (0, 0)
        if least is None or most is None:
            assert outcome.retry_after_seconds is None
        else:
            assert outcome.retry_after_seconds is not None
            assert least <= outcome.retry_after_seconds <= most
        assert (await rig.state("us-central1")).circuit == "cooling"


@pytest.mark.parametrize("kind", ["401", "403"])
async def test_denied_credentials_are_not_tried_at_other_regions(kind: str) -> None:
    async with routed() as rig:
        for region in REGIONS:
            rig.google.fault(region, Fault(kind, times=None))
        assert (await Agent(rig.model()).run("hi")).output
        assert rig.asked() == ["us-central1", "gemini"]


async def test_an_unknown_api_key_is_denied_and_the_next_key_is_tried() -> None:
    config = Config(keys=["operator-key"])
    async with routed("gemini", config=config, user_key="the user's wrong key") as rig:
        await Agent(rig.model()).run("hi")
        assert [one.key for one in rig.google.arrivals] == ["the user's wrong key", "operator-key"]
        assert [verdict for _, verdict in rig.quota.verdicts] == [Verdict.DENIED, Verdict.OK]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("400", PromptRejected), ("400_context", PromptTooLong), ("safety", PromptRejected)],
)
async def test_what_the_call_itself_is_to_blame_for_is_not_tried_elsewhere(kind: str, error: type[DevGemError]) -> None:
    async with routed() as rig:
        rig.google.fault("us-central1", Fault(kind))
        with pytest.raises(error):
            await Agent(rig.model()).run("hi")
        assert rig.asked() == ["us-central1"]
        assert rig.quota.verdicts == [("us-central1", Verdict.REJECTED)]
        assert (await rig.state("us-central1")).circuit == "closed"


async def test_a_malformed_function_call_is_asked_for_again_without_harm_to_the_endpoint() -> None:
    async with routed() as rig:
        rig.google.script(Reply(chunks=[[]], finish="MALFORMED_FUNCTION_CALL"), Reply.say("Done."))
        assert (await Agent(rig.model()).run("hi")).output == "Done."
        assert [verdict for _, verdict in rig.quota.verdicts] == [Verdict.OK, Verdict.OK]


async def test_a_storm_of_429_everywhere_but_one_endpoint_is_never_seen_by_a_user() -> None:
    """F-51."""
    async with routed() as rig:
        kinds = ("429", "429_bare", "503", "500_html")
        for region, kind in zip(REGIONS, kinds, strict=True):
            rig.google.fault(region, Fault(kind, times=None, seconds=30.0))
        answers = await asyncio.gather(*(Agent(rig.model()).run("hi") for _ in range(20)))
        assert len([one.output for one in answers if one.output]) == 20
        assert rig.google.peaks()["gemini"].requests == 20
        assert rig.all_settled()


async def test_with_every_endpoint_out_of_quota_the_caller_is_told_when_to_come_back() -> None:
    limits = {"us-central1": Limits(rpm=1)}
    async with routed("vertex/us-central1?rpm=1", config=Config(limits=limits)) as rig:
        await Agent(rig.model()).run("hi")
        with pytest.raises(NoQuota) as caught:
            await Agent(rig.model()).run("hi")
        assert 0 < caught.value.retry_after_seconds <= 61
        assert "Try again" in caught.value.fix
        assert any(isinstance(one, notices.Waiting) for one in rig.notices)
        refused = [one for one in rig.notices if isinstance(one, notices.Refused)]
        assert len(refused) == 1 and refused[0].reasons
        assert rig.asked() == ["us-central1"]


async def test_a_request_larger_than_any_limit_is_refused_at_once_and_not_sent() -> None:
    async with routed("vertex/us-central1?tpm=100") as rig:
        with pytest.raises(NoQuota, match="larger than"):
            await Agent(rig.model(Priority.DEPLOY)).run("word " * 1000)
        assert rig.asked() == []


async def test_what_does_not_fit_the_context_window_is_never_sent() -> None:
    async with routed() as rig:
        with pytest.raises(PromptTooLong, match="1048576"):
            await Agent(rig.model()).run("你好" * 600_000)
        assert rig.asked() == []


async def test_a_spent_budget_stops_before_the_call() -> None:
    async with routed() as rig:
        rig.purse.left = 10
        with pytest.raises(BudgetSpent, match="used up"):
            await Agent(rig.model()).run("hi")
        assert rig.asked() == [] and rig.quota.leased == []


async def test_attempts_are_bounded_when_everything_is_broken() -> None:
    async with routed() as rig:
        for place in (*REGIONS, "gemini"):
            rig.google.fault(place, Fault("503", times=None))
        with pytest.raises(ModelFailed, match="overloaded"):
            await Agent(rig.model()).run("hi")
        assert 5 <= len(rig.google.arrivals) <= 8
        assert rig.all_settled()


async def test_a_call_goes_back_to_a_failed_endpoint_only_within_the_budget_of_retries() -> None:
    async with routed("vertex/us-central1; vertex/us-east1") as rig:
        for region in REGIONS[:2]:
            rig.google.fault(region, Fault("503"), Fault("503"), Fault("503"))
        rig.routes.retries.left = 0.0
        with pytest.raises(ModelFailed, match="too many retries"):
            await Agent(rig.model()).run("hi")
        assert rig.asked() == ["us-central1", "us-east1"]
        for _ in range(10):
            rig.routes.retries.call()
        assert rig.routes.retries.take()
        assert not rig.routes.retries.take()


async def test_without_any_endpoint_the_remedy_is_named() -> None:
    async with routed("gemini?key=user") as rig:
        assert rig.addresses == ()
        with pytest.raises(ModelFailed) as caught:
            await Agent(rig.model()).run("hi")
        assert caught.value.code == "no_endpoint"
        assert "GEMINI_API_KEY" in caught.value.fix


async def test_a_region_without_the_model_is_not_asked_again() -> None:
    config = Config(models={"us-central1": ["gemini-2.5-flash"]})
    async with routed(config=config) as rig:
        for _ in range(3):
            await Agent(rig.model()).run("hi")
        assert rig.asked() == ["us-central1", "us-east1", "us-east1", "us-east1"]


async def test_estimates_learn_from_what_the_model_counts() -> None:
    async with routed() as rig:
        rig.google.script(Reply.say("ok", prompt_tokens=30_000, output_tokens=7))
        prompt = "words of a prompt " * 2000
        for _ in range(12):
            await Agent(rig.model()).run(prompt)
        reserved = [lease.tokens for lease in rig.quota.leased]
        assert reserved[0] < 15_000 < reserved[-1]
        assert rig.routes.estimates.output_tokens(MODEL, "chat") == 7


async def test_the_provider_never_sees_more_than_its_limits_and_never_has_to_refuse() -> None:
    """The stand-in enforces the same limits as we configure, and counts on its own."""
    limits = {"us-central1": Limits(rpm=10), "us-east1": Limits(rpm=10), "gemini": Limits(rpm=20)}
    endpoints = "vertex/us-central1?rpm=10; vertex/us-east1?rpm=10; gemini?key=operator&rpm=20"
    deadlines = Deadlines(wait=0.2)
    async with routed(endpoints, config=Config(limits=limits), deadlines=deadlines) as rig:
        turns = (Agent(rig.model(Priority.DEPLOY)).run("hi") for _ in range(60))
        ends = await asyncio.gather(*turns, return_exceptions=True)
        assert sum(isinstance(end, NoQuota) for end in ends) == 20
        assert {place: peak.requests for place, peak in rig.google.peaks().items()} == {
            "us-central1": 10,
            "us-east1": 10,
            "gemini": 20,
        }
        assert {arrival.status for arrival in rig.google.arrivals} == {200}


async def test_a_healed_endpoint_is_used_again_after_the_providers_own_time() -> None:
    async with routed("vertex/us-central1; vertex/us-east1") as rig:
        rig.google.fault("us-central1", Fault("429", seconds=0.3))
        await Agent(rig.model()).run("hi")
        async with asyncio.timeout(5):
            while rig.asked()[-1] != "us-central1":
                await Agent(rig.model()).run("hi")
                await asyncio.sleep(0.02)
        first, again = [one.at_seconds for one in rig.google.arrivals if one.place == "us-central1"]
        assert 0.3 <= again - first < 1.5


class Plan(BaseModel):
    steps: list[str]


async def test_typed_answers_come_through_as_with_any_model() -> None:
    async with routed() as rig:
        rig.google.brain = lambda call: Reply.call(call.tools[-1], {"steps": ["build", "release"]})
        rig.google.fault("us-central1", Fault("cut", at_byte=300))
        result = await Agent(rig.model(), output_type=Plan).run("plan it")
        assert result.output == Plan(steps=["build", "release"])
