"""One request of the model: which endpoint is tried, what each attempt's end means for the next, and who is told."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings

from devgem.domain.errors import DevGemError
from devgem.llm import notices
from devgem.llm.attempt import Attempt
from devgem.llm.classify import Failing, classify, error_type, first_reasons
from devgem.llm.endpoints import Address
from devgem.llm.errors import BudgetSpent, ModelFailed, NoQuota, PromptRejected, PromptTooLong
from devgem.llm.estimate import Estimate, estimate
from devgem.llm.prices import cost_usd
from devgem.llm.routes import Purpose, Routes
from devgem.llm.runaway import Meter
from devgem.quota import Ask, Lease, Outcome, Refusal, Verdict, Wait

_OUTPUT_TOKENS = 65_536
"""What a Gemini answers at most, where the request sets no limit (https://ai.google.dev/gemini-api/docs/models)."""
_MOST_CHARACTERS_PER_TOKEN = 12


@dataclass(frozen=True, slots=True)
class Request:
    messages: list[ModelMessage]
    settings: ModelSettings | None
    parameters: ModelRequestParameters

    @property
    def most_output_tokens(self) -> int:
        return (self.settings or {}).get("max_tokens") or _OUTPUT_TOKENS


@dataclass(slots=True)
class Call:
    """`ends_at` is in the loop's time."""

    routes: Routes
    purpose: Purpose
    request: Request
    ends_at: float
    _absent: set[str] = field(default_factory=set)
    """endpoints that do not serve the model"""
    _broken: set[str] = field(default_factory=set)
    """endpoints that failed: tried again only when no other is left"""
    _denied: set[str] = field(default_factory=set)
    """credentials that opened nothing"""
    _failings: list[tuple[str, Failing]] = field(default_factory=list)
    _estimates: dict[str, Estimate] = field(default_factory=dict)
    _ahead: int = 0

    async def begin(self, *, replaces: bool) -> Attempt:
        """The next attempt, with its lease; `replaces` when something was streamed already. Raises DevGemError."""
        candidates = self._candidates()
        ask = self._ask(candidates)
        if not self._failings:
            self.routes.retries.call()
            await self._check_budget(ask)
        lease = await self._lease(ask)
        address = next(one for one in candidates if one.endpoint.id == lease.endpoint.id)
        self._tell_switch(lease.endpoint.id, replaces)
        now = asyncio.get_running_loop().time()
        return Attempt(
            address,
            lease,
            self.routes.telemetry.start(address),
            self.routes.deadlines,
            Meter(self.request.most_output_tokens * _MOST_CHARACTERS_PER_TOKEN),
            started_at=now,
            ends_at=min(now + self.routes.deadlines.call, self.ends_at),
        )

    def open(self, attempt: Attempt) -> AbstractAsyncContextManager[StreamedResponse]:
        model = self.routes.models.at(attempt.address)
        messages = model.prepare_messages(self.request.messages, self.request.parameters)
        return model.request_stream(messages, self.request.settings, self.request.parameters)

    def note_start(self, attempt: Attempt) -> None:
        if not attempt.has_started:
            attempt.has_started = True
            self.routes.tell_started(attempt.lease)

    async def succeed(self, attempt: Attempt) -> None:
        assert attempt.stream is not None
        response, endpoint = attempt.stream.get(), attempt.address.endpoint
        usage, seconds = response.usage, _seconds_since(attempt)
        self.routes.telemetry.answered(attempt.span, attempt.address, response, seconds)
        cost = await self._settle(attempt, attempt.outcome(None))
        raw_tokens = self._estimate(endpoint.model).tokens
        told = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        self.routes.estimates.learn(endpoint.model, self.purpose.task, raw_tokens=raw_tokens, **told)
        self.purpose.observe(
            notices.Answered(
                endpoint=endpoint.id,
                model=endpoint.model,
                cached_tokens=usage.cache_read_tokens,
                cost_usd=cost,
                seconds=seconds,
                attempts=len(self._failings) + 1,
                **told,
            )
        )

    async def fail(self, attempt: Attempt, error: BaseException) -> None:
        """Settles; returns when the call goes on with `begin`, else raises what its caller is told."""
        failing = classify(error, self.routes.now())
        endpoint = attempt.address.endpoint.id
        self._failings.append((endpoint, failing))
        await self._end(attempt, failing, error_type(error))
        if not failing.goes_on:
            raise _final(failing) from error
        match failing.verdict:
            case Verdict.DENIED:
                self._denied.add(attempt.address.credentials)
            case Verdict.ABSENT:
                self._absent.add(endpoint)
            case Verdict.REFUSED:
                pass  # the ledger keeps the whole fleet away from it
            case _:
                self._broken.add(endpoint)
        if len(self._failings) >= self.routes.most_attempts:
            raise self._gave_up(f"{len(self._failings)} attempts") from error
        if asyncio.get_running_loop().time() >= self.ends_at:
            raise self._gave_up("the turn's time is up") from error

    async def abandon(self, attempt: Attempt) -> None:
        """The caller gave up: what was used is settled and charged nevertheless."""
        if not attempt.is_settled:
            await self._end(attempt, None, "cancelled")

    async def close(self, attempt: Attempt) -> None:
        try:
            await attempt.close()
        finally:
            await self.routes.see_through(attempt.hang_up())

    async def _end(self, attempt: Attempt, failing: Failing | None, kind: str) -> None:
        reason = kind if failing is None else failing.reason
        self.routes.telemetry.failed(attempt.span, attempt.address, kind, reason, _seconds_since(attempt))
        await self._settle(attempt, attempt.outcome(failing, is_over=failing is not None))

    async def _settle(self, attempt: Attempt, outcome: Outcome) -> Decimal | None:
        """Once per attempt; returns what it cost, where that is known."""
        attempt.is_settled = True
        return await self.routes.see_through(self._settle_and_charge(attempt, outcome))

    async def _settle_and_charge(self, attempt: Attempt, outcome: Outcome) -> Decimal | None:
        await self.routes.quota.settle(attempt.lease, outcome)
        return await self._charge(attempt)

    def _candidates(self) -> list[Address]:
        addresses = self.purpose.addresses
        if not addresses:
            raise ModelFailed(
                "no model endpoint is set up",
                fix="Set GOOGLE_CLOUD_PROJECT or GEMINI_API_KEY, or add your own Gemini API key.",
                code="no_endpoint",
            )
        open_to_us = [
            one for one in addresses if one.credentials not in self._denied and one.endpoint.id not in self._absent
        ]
        if not open_to_us:
            raise self._gave_up("no endpoint is left")
        fitting = [one for one in open_to_us if self._input_tokens(one.endpoint.model) <= one.context_tokens]
        if not fitting:
            tokens, most = self._input_tokens(open_to_us[0].endpoint.model), open_to_us[0].context_tokens
            raise PromptTooLong(
                f"the conversation is about {tokens} tokens long, and the model takes {most}",
                fix="Start a new conversation, or name fewer files.",
            )
        untried = [one for one in fitting if one.endpoint.id not in self._broken]
        if not untried and not self.routes.retries.take():
            raise self._gave_up("too many retries of late")
        return untried or fitting

    def _estimate(self, model: str) -> Estimate:
        if model not in self._estimates:
            self._estimates[model] = estimate(self.request.messages, self.request.parameters, model)
        return self._estimates[model]

    def _input_tokens(self, model: str) -> int:
        raw = self._estimate(model)
        return self.routes.estimates.input_tokens(model, raw.tokens, raw.floor)

    def _ask(self, candidates: list[Address]) -> Ask:
        models = {one.endpoint.model for one in candidates}
        task, most = self.purpose.task, self.request.most_output_tokens
        return Ask(
            self.purpose.priority,
            max(self._input_tokens(model) for model in models),
            max(self.routes.estimates.output_tokens(model, task, most) for model in models),
            tuple(one.endpoint for one in candidates),
        )

    async def _check_budget(self, ask: Ask) -> None:
        if self.purpose.spending is not None:
            refused = await self.purpose.spending.allow(ask.input_tokens + ask.output_tokens)
            if refused is not None:
                raise BudgetSpent(refused)

    async def _lease(self, ask: Ask) -> Lease:
        left = max(self.ends_at - asyncio.get_running_loop().time(), 0.0)
        within = min(self.routes.deadlines.wait, left)
        answer = await self.routes.quota.acquire(ask, within_seconds=within, on_wait=self._tell_wait)
        if isinstance(answer, Lease):
            return answer
        raise self._no_quota(answer)

    def _no_quota(self, refusal: Refusal) -> NoQuota:
        self.purpose.observe(notices.Refused(refusal.retry_after_seconds, self._ahead, refusal.reasons))
        if refusal.never:
            return NoQuota(
                "this request alone is larger than what any endpoint allows in a minute",
                retry_after_seconds=0.0,
                reasons=refusal.reasons,
                fix="Start a new conversation, or raise tpm in DEVGEM_ENDPOINTS.",
            )
        return NoQuota(
            "every model endpoint is busy",
            retry_after_seconds=refusal.retry_after_seconds,
            reasons=refusal.reasons,
            fix=f"Try again in about {max(1, round(refusal.retry_after_seconds))} s.",
        )

    def _tell_wait(self, wait: Wait) -> None:
        self._ahead = wait.ahead
        self.purpose.observe(notices.Waiting(wait.seconds, wait.ahead))

    def _tell_switch(self, target: str, replaces: bool) -> None:
        if self._failings:
            origin, failing = self._failings[-1]
            self.purpose.observe(notices.Switched(origin, target, failing.reason, replaces))

    async def _charge(self, attempt: Attempt) -> Decimal | None:
        if attempt.stream is None:
            return None
        usage, model = attempt.stream.usage, attempt.address.endpoint.model
        cost = cost_usd(
            model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cache_read_tokens,
            on=self.routes.now().date(),
        )
        tokens = usage.input_tokens + usage.output_tokens
        if self.purpose.spending is not None and tokens:
            await self.purpose.spending.charge(tokens, cost)
        return cost

    def _gave_up(self, why: str) -> ModelFailed:
        last = self._failings[-1][1]
        reasons = first_reasons([f"{endpoint}: {failing.reason}" for endpoint, failing in self._failings])
        fix = (
            "Check the project's access to Vertex AI, or the API key."
            if last.verdict is Verdict.DENIED
            else "Choose another model with DEVGEM_GEMINI_MODEL."
            if last.verdict is Verdict.ABSENT
            else "Try again in a minute."
        )
        return ModelFailed(f"no model endpoint answered ({why}): {reasons}", fix=fix, code=last.code)


def _final(failing: Failing) -> DevGemError:
    if failing.code == "prompt_too_long":
        return PromptTooLong(
            f"the model refuses the conversation as too long: {failing.reason}", fix="Start a new one."
        )
    if failing.verdict is Verdict.REJECTED:
        return PromptRejected(f"the model's provider refuses this request: {failing.reason}", fix="Say it otherwise.")
    return ModelFailed(failing.reason, fix="Ask for a shorter answer.", code=failing.code)


def _seconds_since(attempt: Attempt) -> float:
    return asyncio.get_running_loop().time() - attempt.started_at
