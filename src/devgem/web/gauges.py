"""The quota board as Prometheus gauges: values of the moment they are asked for, kept nowhere."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from devgem.quota import Board, EndpointState, Priority, Usage

CIRCUITS = ("closed", "cooling", "open", "probing", "ramping", "off")


class QuotaGauges(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[GaugeMetricFamily]:
        used = GaugeMetricFamily("devgem_quota_used", "Used of an endpoint's window", labels=["endpoint", "window"])
        limit = GaugeMetricFamily("devgem_quota_limit", "Limit of the window", labels=["endpoint", "window"])
        circuit = GaugeMetricFamily("devgem_quota_circuit", "1 for its state", labels=["endpoint", "state"])
        waiting = GaugeMetricFamily("devgem_quota_waiting", "Calls that wait, in the fleet", labels=["priority"])
        for state in self._board.endpoints:
            for window, usage in windows(state).items():
                used.add_metric([state.endpoint.id, window], usage.used)
                if usage.limit is not None:
                    limit.add_metric([state.endpoint.id, window], usage.limit)
            for name in CIRCUITS:
                circuit.add_metric([state.endpoint.id, name], float(name == state.circuit))
        for priority in Priority:
            waiting.add_metric([priority.name.lower()], self._board.waiting.get(priority, 0))
        degraded = GaugeMetricFamily("devgem_quota_degraded", "1 while the shared ledger is not as it should be")
        degraded.add_metric([], float(bool(self._board.degraded)))
        yield from (used, limit, circuit, waiting, degraded)


def windows(state: EndpointState) -> dict[str, Usage]:
    return {"rpm": state.rpm, "tpm": state.tpm, "rph": state.rph, "tph": state.tph}
