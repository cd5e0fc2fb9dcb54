"""A routed model over the real google-genai client and the real quota engine, in front of the stand-in for Google."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from google.oauth2.credentials import Credentials
from opentelemetry import metrics, trace
from pydantic_ai import Agent, AgentRunResultEvent

from devgem.llm.attempt import Deadlines
from devgem.llm.endpoints import Access, Address, addresses, read_places
from devgem.llm.google import GoogleModels
from devgem.llm.notices import Notice
from devgem.llm.routed import RoutedModel
from devgem.llm.routes import Purpose, Routes
from devgem.llm.stream import read_delta
from devgem.llm.telemetry import Telemetry
from devgem.quota import Endpoint, EndpointState, Lease, Outcome, Priority, Verdict
from devgem.quota.books import Books
from devgem.quota.memory import MemoryLedger
from devgem.quota.quota import Quota
from tests.standins.gemini import Config, GeminiStandIn

MODEL = "gemini-3.8-flash"
REGIONS = ("us-central1", "us-east1", "europe-west1", "asia-northeast1")
QUICK = Deadlines(wait=2.0, first_token=1.0, between_tokens=0.4, call=5.0, turn=10.0)


class WatchedQuota(Quota):
    """The engine itself; it only notes what it was told."""

    def __init__(self) -> None:
        super().__init__(MemoryLedger())
        self.leased: list[Lease] = []
        self.started: list[Lease] = []
        self.settled: list[tuple[Lease, Outcome]] = []

    async def acquire(self, *args: Any, **kwargs: Any) -> Any:
        answer = await super().acquire(*args, **kwargs)
        if isinstance(answer, Lease):
            self.leased.append(answer)
        return answer

    async def settle(self, lease: Lease, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.STARTED:
            self.started.append(lease)
        else:
            self.settled.append((lease, outcome))
        await super().settle(lease, outcome)

    def ledger_heals(self) -> None:
        """As if a long time had passed: no circuit is open any more."""
        assert isinstance(self._ledger, MemoryLedger)
        self._ledger.books = Books()

    @property
    def verdicts(self) -> list[tuple[str, Verdict]]:
        return [(lease.endpoint.region or "gemini", outcome.verdict) for lease, outcome in self.settled]


@dataclass
class Purse:
    """A budget of tokens."""

    left: int = 1_000_000
    charged: list[tuple[int, Decimal | None]] = field(default_factory=list)

    async def allow(self, tokens: int) -> str | None:
        return None if tokens <= self.left else "This conversation's budget of tokens is used up."

    async def charge(self, tokens: int, cost_usd: Decimal | None) -> None:
        self.left -= tokens
        self.charged.append((tokens, cost_usd))


@dataclass
class Rig:
    google: GeminiStandIn
    quota: WatchedQuota
    routes: Routes
    addresses: tuple[Address, ...]
    notices: list[Notice] = field(default_factory=list)
    purse: Purse = field(default_factory=Purse)

    def model(self, priority: Priority = Priority.CHAT) -> RoutedModel:
        return RoutedModel(self.routes, Purpose(self.addresses, priority, "chat", self.notices.append, self.purse))

    def asked(self) -> list[str]:
        """The places that were called, in order."""
        return [arrival.place for arrival in self.google.arrivals]

    def all_settled(self) -> bool:
        return sorted(one.id for one in self.quota.leased) == sorted(one.id for one, _ in self.quota.settled)

    async def state(self, place: str) -> EndpointState:
        endpoints: Sequence[Endpoint] = [one.endpoint for one in self.addresses]
        board = await self.quota.board(endpoints)
        return next(one for one in board.endpoints if (one.endpoint.region or "gemini") == place)


@asynccontextmanager
async def routed(
    endpoints: str = "",
    *,
    config: Config | None = None,
    deadlines: Deadlines = QUICK,
    user_key: str = "",
    operator_key: str = "operator-key",
    tracer: trace.Tracer | None = None,
    meter: metrics.Meter | None = None,
    vertex_url: str = "",
) -> AsyncIterator[Rig]:
    async with GeminiStandIn(config) as google, WatchedQuota() as quota:
        access = Access("project-1", operator_key, vertex_url or google.url, google.url)
        models = GoogleModels(read_seconds=30, credentials=Credentials(token="a-token"))  # type: ignore[no-untyped-call]
        routes = Routes(quota, models, deadlines, Telemetry(tracer, meter))
        try:
            yield Rig(google, quota, routes, addresses(read_places(endpoints, ""), access, user_key))
        finally:
            await routes.close()


@dataclass
class Told:
    """What a user sees of a turn, as its message grows and is replaced."""

    text: str = ""
    replacements: int = 0
    result: str | None = None


async def watch(agent: Agent[None, str], prompt: str, told: Told | None = None) -> Told:
    told = told or Told()
    async with agent.run_stream_events(prompt) as events:
        async for event in events:
            if isinstance(event, AgentRunResultEvent):
                told.result = event.result.output
            elif (delta := read_delta(event)) is not None:
                told.text = delta.text if delta.replace else told.text + delta.text
                told.replacements += delta.replace
    return told
