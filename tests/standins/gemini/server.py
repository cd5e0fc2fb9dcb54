"""The stand-in itself: routes, quotas, checks of the request, faults, answers.

Steering, all JSON: `GET /_standin/arrivals[?since=N]`, `GET /_standin/peaks[?window_seconds=60]`,
`POST /_standin/faults {"us-central1": [{"kind": "429", "times": 3}], "gemini": []}` (replaces those of the
places named), `POST /_standin/script [{"chunks": [[{"text": "Hi"}]]}, ...]`,
`POST /_standin/limits {"us-central1": {"rpm": 60}}`, `POST /_standin/reset`. `POST /token` gives any service account
(see credentials.py) its access token.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

from tests.standins.gemini import answers
from tests.standins.gemini.brain import Brain, Call, Reply, Script, tokens
from tests.standins.gemini.checks import complaint
from tests.standins.gemini.faults import (
    Failure,
    Fault,
    FaultList,
    error_body,
    exhausted,
    failure,
    quota_failure,
    retry_info,
)
from tests.standins.gemini.windows import Arrival, Limits, Peak, Window, peaks
from tests.standins.gemini.wire import Closed, Connection, Request, Wire

GEMINI = "gemini"
VERTEX_PATH = re.compile(r"/v1(?:beta1)?/projects/([^/]+)/locations/([^/]+)/publishers/google/models/([^/:]+):(\w+)")
GEMINI_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):(\w+)")


@dataclass(frozen=True, slots=True)
class Config:
    """Places are regions, `global`, and `gemini` for the Gemini API; `*` is for those not named. `models` empty: every
    model is served; `keys` empty: every API key is good. `latency_seconds` comes before each answer."""

    limits: Mapping[str, Limits] = field(default_factory=dict)
    models: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keys: Sequence[str] = ()
    window_seconds: float = 60.0
    latency_seconds: float = 0.0
    context_tokens: int = 1_048_576
    tells_retry: bool = True
    """whether its own 429 carry RetryInfo"""

    @classmethod
    def parse(cls, stated: Mapping[str, Any]) -> "Config":
        limits = {place: Limits(**one) for place, one in (stated.get("limits") or {}).items()}
        return cls(**{**stated, "limits": limits})


@dataclass(frozen=True, slots=True)
class Target:
    place: str
    key: str
    model: str
    method: str


class GeminiStandIn:
    """One server. All that it saw is in `arrivals` (and the bodies in `calls`, with `keeps_bodies`)."""

    def __init__(self, config: Config | None = None, *, keeps_bodies: bool = True) -> None:
        self.config = config or Config()
        self.arrivals: list[Arrival] = []
        self.calls: list[Call] = []
        self.brain: Brain = Script([])
        self.url = ""
        self._keeps_bodies = keeps_bodies
        self._limits = dict(self.config.limits)
        self._windows: dict[tuple[str, str, str], Window] = {}
        self._faults: dict[str, FaultList] = {}
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    # ---- its life

    async def start(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._answer, self._connections), "127.0.0.1", port, backlog=2048
        )
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                await connection.close()
            await self._server.wait_closed()

    async def __aenter__(self) -> "GeminiStandIn":
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ---- steering

    def fault(self, place: str, *faults: Fault) -> None:
        """Replaces what the place shows; with no faults, heals it."""
        self._faults[place] = FaultList(faults)

    def script(self, *replies: Reply) -> None:
        self.brain = Script(list(replies))

    def limit(self, place: str, limits: Limits) -> None:
        self._limits[place] = limits
        for (where, _, _), window in self._windows.items():
            if where == place:
                window.limits = limits

    def peaks(self, window_seconds: float | None = None) -> dict[str, Peak]:
        places = {one.place for one in self.arrivals}
        return peaks(
            self.arrivals,
            window_seconds or self.config.window_seconds,
            {place: self._limits_of(place) for place in places},
        )

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def reset(self) -> None:
        self.arrivals.clear()
        self.calls.clear()
        self._windows.clear()
        self._faults.clear()

    def _limits_of(self, place: str) -> Limits:
        return self._limits.get(place) or self._limits.get("*") or Limits(counts_output=place != GEMINI)

    # ---- answering

    async def _answer(self, request: Request, wire: Wire) -> None:
        if request.path.startswith("/_standin/"):
            status, answer = self._steer(request)
            wire.answer(status, json.dumps(answer).encode())
            return
        if request.path == "/token":
            wire.answer(
                200, json.dumps({"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600}).encode()
            )
            return
        target = _target(request)
        if target is None:
            wire.answer(404, b"404 page not found", headers={"content-type": "text/plain"})
            return
        try:
            body = json.loads(request.body)
        except ValueError:
            wire.answer(400, error_body(400, "INVALID_ARGUMENT", "Invalid JSON payload received."))
            return
        await self._call(target, request, body, wire)

    async def _call(self, target: Target, request: Request, body: Mapping[str, Any], wire: Wire) -> None:
        call = Call(target.place, target.model, body)
        arrival = Arrival(time.monotonic(), target.place, target.key, target.model, target.method)
        self.arrivals.append(arrival)
        if self._keeps_bodies:
            self.calls.append(call)
        faults = self._faults.get(target.place)
        fault = faults.next(target.model) if faults else None
        refused = self._unauthorized(target, request) or (failure(fault, target.model) if fault else None)
        if refused is None and target.method == "countTokens":
            refused = Failure(200, json.dumps({"totalTokens": tokens(request.body)}).encode())
        refused = refused or self._malformed(target, call, request)
        if refused is not None:
            _refuse(arrival, refused, wire)
            return
        reply = self.brain(call)
        arrival.input_tokens = reply.prompt_tokens if reply.prompt_tokens is not None else tokens(request.body)
        window = self._window(target)
        if (why := window.refuses(arrival)) is not None:
            arrival.input_tokens = 0
            quota_id, seconds = why
            details = [quota_failure(quota_id, window.limits.rpm), retry_info(max(seconds, 0.001))]
            _refuse(arrival, exhausted(details if self.config.tells_retry else ()), wire, quota_id)
            return
        await self._let_in(arrival, window, answers.Answering(reply, fault, arrival, tokens(request.body)), wire)

    async def _let_in(self, arrival: Arrival, window: Window, answering: answers.Answering, wire: Wire) -> None:
        arrival.status = 200
        window.let_in(arrival)
        try:
            if delay := self.config.latency_seconds + answering.reply.delay_seconds:
                await asyncio.sleep(delay)
            await answering.send(wire)
        except Closed:
            arrival.reason = "caller hung up"
        finally:
            window.over(arrival)

    def _window(self, target: Target) -> Window:
        quota = (target.place, target.key, target.model)
        if quota not in self._windows:
            self._windows[quota] = Window(self._limits_of(target.place), self.config.window_seconds)
        return self._windows[quota]

    def _unauthorized(self, target: Target, request: Request) -> Failure | None:
        if target.place == GEMINI:
            if not target.key:
                return Failure(403, error_body(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers."))
            if self.config.keys and target.key not in self.config.keys:
                return failure(Fault("400_key"), target.model)
        elif not request.headers.get("authorization", "").startswith("Bearer "):
            return failure(Fault("401"), target.model)
        return None

    def _malformed(self, target: Target, call: Call, request: Request) -> Failure | None:
        served = self.config.models.get(target.place)
        if served and target.model not in served:
            return failure(Fault("404"), target.model)
        if (counted := tokens(request.body)) > self.config.context_tokens:
            said = f"The input token count ({counted}) exceeds the maximum number of tokens allowed"
            return Failure(400, error_body(400, "INVALID_ARGUMENT", f"{said} ({self.config.context_tokens})."))
        if said := complaint(call):
            return Failure(400, error_body(400, "INVALID_ARGUMENT", said))
        return None

    def _steer(self, request: Request) -> tuple[int, object]:
        query = parse_qs(request.query)
        try:
            stated = json.loads(request.body) if request.body else None
            match request.method, request.path.removeprefix("/_standin/"):
                case "GET", "arrivals":
                    return 200, [asdict(one) for one in self.arrivals[int(query.get("since", ["0"])[0]) :]]
                case "GET", "peaks":
                    seconds = float(query["window_seconds"][0]) if "window_seconds" in query else None
                    return 200, {place: asdict(peak) for place, peak in self.peaks(seconds).items()}
                case "POST", "faults":
                    for place, faults in (stated or {}).items():
                        self.fault(place, *(Fault.parse(one) for one in faults))
                case "POST", "script":
                    self.script(*(Reply.parse(one) for one in stated or ()))
                case "POST", "limits":
                    for place, limits in (stated or {}).items():
                        self.limit(place, Limits(**limits))
                case "POST", "reset":
                    self.reset()
                case _:
                    return 404, {"error": f"no {request.method} {request.path}"}
        except (ValueError, TypeError, AttributeError) as error:
            return 400, {"error": str(error)}
        return 200, {}


def _refuse(arrival: Arrival, refused: Failure, wire: Wire, reason: str = "") -> None:
    arrival.status = refused.status
    arrival.reason = reason
    arrival.is_over = True
    wire.answer(refused.status, refused.body, headers=refused.headers)


def _target(request: Request) -> Target | None:
    if match := VERTEX_PATH.fullmatch(request.path):
        project, region, model, method = match.groups()
        return Target(region, project, model, method)
    if match := GEMINI_PATH.fullmatch(request.path):
        model, method = match.groups()
        return Target(GEMINI, request.headers.get("x-goog-api-key", ""), model, method)
    return None
