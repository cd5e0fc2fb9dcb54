"""Cloud Monitoring: time series of Cloud Run, seen only some minutes after they were measured."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import monitoring_v3

from tests.standins.google import run_checks as checks

_FILTER = re.compile(r'([a-z_.]+)="([^"]*)"')
_REDUCED: dict[int, Callable[[list[float]], float]] = {
    4: sum,
    9: max,
    11: lambda values: sorted(values)[len(values) // 2],
}


@dataclass(frozen=True)
class Sample:
    metric: str
    at: datetime
    value: float
    revision: str
    service: str
    response_code_class: str = ""


class Monitoring:
    """`delay` is how old a sample is before anybody sees it."""

    def __init__(self, project: str, region: str, *, delay: timedelta = timedelta(minutes=3)) -> None:
        self.samples: list[Sample] = []
        self.exceeded: list[str] = []
        """Quotas that have run out."""
        self.delay = delay
        self._project, self._region = project, region

    async def ListTimeSeries(self, request: Any) -> Any:  # noqa: N802
        if request.name != f"projects/{self._project}":
            raise checks.invalid("name: exactly this project is expected")
        wanted = dict(_FILTER.findall(request.filter))
        metric = wanted.get("metric.type", "")
        if not metric.startswith("run.googleapis.com/"):
            return self._of_quotas()
        period = request.aggregation.alignment_period.total_seconds()
        if period < 60 or period % 60:
            raise checks.invalid("alignment_period must be whole minutes")
        found: dict[tuple[str, ...], dict[datetime, list[float]]] = defaultdict(lambda: defaultdict(list))
        end = request.interval.end_time
        for one in self._seen(metric, wanted, request.interval):
            steps = (end - one.at).total_seconds() // period
            key = tuple(_label(one, field) for field in request.aggregation.group_by_fields)
            found[key][end - timedelta(seconds=steps * period)].append(one.value)
        reduce = _REDUCED[int(request.aggregation.cross_series_reducer)]
        fields = list(request.aggregation.group_by_fields)
        return monitoring_v3.ListTimeSeriesResponse(
            time_series=[
                _series(metric, dict(zip(fields, key, strict=True)), {at: reduce(v) for at, v in points.items()})
                for key, points in sorted(found.items())
            ]
        )

    def _seen(self, metric: str, wanted: dict[str, str], interval: Any) -> list[Sample]:
        newest = datetime.now(UTC) - self.delay
        service = wanted.get("resource.labels.service_name")
        if wanted.get("resource.labels.location") != self._region or service is None:
            raise checks.invalid(f"a filter on service and location is expected, not {wanted}")
        return [
            one
            for one in self.samples
            if metric == f"run.googleapis.com/{one.metric}"
            and one.service == service
            and interval.start_time < one.at <= min(interval.end_time, newest)
        ]

    def _of_quotas(self) -> Any:
        return monitoring_v3.ListTimeSeriesResponse(
            time_series=[
                {
                    "metric": {"labels": {"quota_metric": name}},
                    "resource": {"labels": {"service": "run.googleapis.com"}},
                    "points": [{"value": {"bool_value": True}}],
                }
                for name in self.exceeded
            ]
        )


def _label(sample: Sample, field: str) -> str:
    name = field.rsplit(".", 1)[-1].removesuffix("_name")
    return str(getattr(sample, name))


def _series(metric: str, labels: dict[str, str], points: dict[datetime, float]) -> dict[str, Any]:
    def of(kind: str) -> dict[str, str]:
        return {key.rsplit(".", 1)[-1]: value for key, value in labels.items() if key.startswith(kind)}

    return {
        "metric": {"type": metric, "labels": of("metric")},
        "resource": {"type": "cloud_run_revision", "labels": of("resource")},
        "points": [
            {"interval": {"end_time": at}, "value": {"double_value": value}}
            for at, value in sorted(points.items(), reverse=True)
        ],
    }
