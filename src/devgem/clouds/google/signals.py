"""What an app was asked and how it answered: from Cloud Monitoring, which is minutes late, and from the log of requests
where seconds matter."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.calls import Calls, whole
from devgem.clouds.google.log_reader import LogReader
from devgem.domain.app import Measurement, Metrics, RevisionSignals, Signals

DELAY_SECONDS = 240.0
"""Sampled every 60 s, and seen up to 180 s later: https://cloud.google.com/monitoring/api/metrics_gcp#gcp-run."""
SHORT = timedelta(minutes=5)
"""Windows up to this are read from the log of requests."""

_ROLE = "roles/monitoring.viewer"
_STEP_SECONDS = 60
_REQUESTS_READ = 1000
# monitoring_v3.Aggregation: aligners and reducers by number, since the module is imported late.
_ALIGN_DELTA, _ALIGN_MAX = 1, 11
_SUM, _P99, _P50 = 4, 9, 11
_REVISION, _CLASS = "resource.labels.revision_name", "metric.labels.response_code_class"
_PREFIX = "run.googleapis.com/"

Point = tuple[datetime, float]
Series = Mapping[tuple[str, str], Sequence[Point]]
"""Points in order by revision and class of status."""


class SignalReader:
    def __init__(self, admin: Administration, site: Site, calls: Calls, reader: LogReader) -> None:
        self._admin = admin
        self._site = site
        self._call = calls
        self._reader = reader

    async def signals(self, app: str, window: timedelta) -> Signals:
        """Per revision, over the window."""
        service = naming.service_of(app)
        if window <= SHORT:
            return Signals(app, await self._from_requests(app, service, window))
        counts = await self._series(service, "request_count", window, (_ALIGN_DELTA, _SUM), [_REVISION, _CLASS])
        p50 = await self._latency(service, window, _P50, [_REVISION], window)
        p99 = await self._latency(service, window, _P99, [_REVISION], window)
        by_revision: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        names: dict[int, str] = {}
        for (name, status), points in counts.items():
            if (number := _number(app, name)) is not None:
                by_revision[number][status] += round(sum(value for _, value in points))
                names[number] = name
        return Signals(
            app,
            tuple(
                RevisionSignals(
                    number,
                    sum(statuses.values()),
                    dict(statuses),
                    _newest(p50.get((names[number], ""))),
                    _newest(p99.get((names[number], ""))),
                )
                for number, statuses in sorted(by_revision.items())
            ),
        )

    async def metrics(self, app: str, window: timedelta) -> Metrics:
        """Minute by minute."""
        service = naming.service_of(app)
        counts = await self._series(service, "request_count", window, (_ALIGN_DELTA, _SUM), [_CLASS])
        p50 = _by_time(await self._latency(service, window, _P50, []))
        p99 = _by_time(await self._latency(service, window, _P99, []))
        running = _by_time(await self._series(service, "container/instance_count", window, (_ALIGN_MAX, _SUM), []))
        requests: dict[datetime, int] = defaultdict(int)
        errors: dict[datetime, int] = defaultdict(int)
        for (_, status), points in counts.items():
            for at, value in points:
                requests[at] += round(value)
                errors[at] += round(value) if status == "5xx" else 0
        items = tuple(
            Measurement(
                at - timedelta(seconds=_STEP_SECONDS),
                count,
                errors[at],
                p50.get(at),
                p99.get(at),
                round(running[at]) if at in running else None,
            )
            for at, count in sorted(requests.items())
            if count
        )
        return Metrics(app, _STEP_SECONDS, DELAY_SECONDS, items)

    async def instances(self, app: str) -> Mapping[str, int]:
        """How many run of each Cloud Run revision, as the newest minute that is known has it."""
        window = timedelta(seconds=DELAY_SECONDS + 2 * _STEP_SECONDS)
        service = naming.service_of(app)
        found = await self._series(service, "container/instance_count", window, (_ALIGN_MAX, _SUM), [_REVISION])
        return {name: round(points[-1][1]) for (name, _), points in found.items() if points}

    async def _latency(
        self, service: str, window: timedelta, reducer: int, by: Sequence[str], step: timedelta | None = None
    ) -> Series:
        """In seconds; over `step` at once, or minute by minute."""
        found = await self._series(service, "request_latencies", window, (_ALIGN_DELTA, reducer), by, step)
        return {key: [(at, value / 1000) for at, value in points] for key, points in found.items()}

    async def _series(
        self,
        service: str,
        metric: str,
        window: timedelta,
        how: tuple[int, int],
        by: Sequence[str],
        step: timedelta | None = None,
    ) -> Series:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        seconds = math.ceil((step or timedelta(seconds=_STEP_SECONDS)).total_seconds() / _STEP_SECONDS) * _STEP_SECONDS
        request = {
            "name": f"projects/{self._site.project}",
            "filter": f'metric.type="{_PREFIX}{metric}" AND resource.type="cloud_run_revision" '
            f'AND resource.labels.service_name="{service}" AND resource.labels.location="{self._site.region}"',
            "interval": {"start_time": now - window, "end_time": now},
            "aggregation": {
                "alignment_period": {"seconds": seconds},
                "per_series_aligner": how[0],
                "cross_series_reducer": how[1],
                "group_by_fields": list(by),
            },
            "view": 0,
        }
        call = whole(self._admin.metrics.list_time_series)
        found = await self._call(call, request, to=f"read the measurements of {service!r}", role=_ROLE)
        return {_key(one): _points(one) for one in found}

    async def _from_requests(self, app: str, service: str, window: timedelta) -> tuple[RevisionSignals, ...]:
        log = self._reader.log("requests")
        wanted = f'{self._reader.of_service(service)} AND logName="{log}"'
        found = await self._reader.entries(wanted, datetime.now(UTC) - window, limit=_REQUESTS_READ)
        by_revision: dict[int, list[Any]] = defaultdict(list)
        for entry in found:
            number = _number(app, entry.resource.labels.get("revision_name", ""))
            if number is not None:
                by_revision[number].append(entry.http_request)
        return tuple(_of_requests(number, requests) for number, requests in sorted(by_revision.items()))


def _of_requests(number: int, requests: Sequence[Any]) -> RevisionSignals:
    statuses: dict[str, int] = defaultdict(int)
    for request in requests:
        statuses[f"{request.status // 100}xx"] += 1
    latencies = sorted(request.latency.seconds + request.latency.nanos / 1e9 for request in requests)
    return RevisionSignals(number, len(requests), dict(statuses), _rank(latencies, 0.5), _rank(latencies, 0.99))


def _rank(values: Sequence[float], share: float) -> float | None:
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def _number(app: str, name: str) -> int | None:
    head, _, rest = name.partition(f"{naming.service_of(app)}-v")
    said = rest.split("-")[0]
    return int(said) if not head and said.isdecimal() else None


def _key(series: Any) -> tuple[str, str]:
    return series.resource.labels.get("revision_name", ""), series.metric.labels.get("response_code_class", "")


def _points(series: Any) -> list[Point]:
    """Oldest first; Google has the newest first."""
    return sorted((point.interval.end_time, _value(point.value)) for point in series.points)


def _value(value: Any) -> float:
    return float(value.double_value or value.int64_value)


def _by_time(series: Series) -> dict[datetime, float]:
    return dict(point for points in series.values() for point in points)


def _newest(points: Iterable[Point] | None) -> float | None:
    return list(points)[-1][1] if points else None
