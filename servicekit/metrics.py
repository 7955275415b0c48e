"""Prometheus metrics, served on a port of their own that is never published.

Requests are counted in plain lists and turned into samples when somebody asks: the library's own counters cost a
forwarded request a tenth of its time.
"""

import socket
from bisect import bisect_left
from collections.abc import Iterator
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector

from servicekit.logs import get_logger

_LOOK_INTERVAL_S = 3600.0  # whether it shall end, which it never does before the process
TIME_BUCKETS_S = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
log = get_logger(__name__)


class _Requests(Collector):
    def __init__(self) -> None:
        self._by_status_class = [0] * 6
        self._by_bucket = [0] * (len(TIME_BUCKETS_S) + 1)
        self._time_s = 0.0

    def count(self, status: int, duration_s: float) -> None:
        self._by_status_class[status // 100] += 1
        self._by_bucket[bisect_left(TIME_BUCKETS_S, duration_s)] += 1
        self._time_s += duration_s

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "parley_http_requests", "Answered requests by class of status.", labels=["status"]
        )
        for status_class in range(1, 6):
            requests.add_metric([f"{status_class}xx"], self._by_status_class[status_class])
        yield requests
        yield HistogramMetricFamily(
            "parley_http_request_seconds",
            "Time to the head of the answer.",
            buckets=list(self._cumulative()),
            sum_value=self._time_s,
        )

    def _cumulative(self) -> Iterator[tuple[str, float]]:
        total = 0
        for bound, counted in zip((*map(str, TIME_BUCKETS_S), "+Inf"), self._by_bucket, strict=True):
            total += counted
            yield bound, total


_requests = _Requests()
REGISTRY.register(_requests)
count_request = _requests.count
open_connections = Gauge("parley_open_connections", "Open WebSocket connections.")
revocation_seconds = Histogram(
    "parley_revocation_seconds",
    "From the end of a session in the store until its connections here were closed.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)


def count_open_connections() -> int:
    """Those of this process."""
    (metric,) = open_connections.collect()
    return int(metric.samples[0].value)


def counter(name: str, said: str, *labels: str) -> Counter:
    """Of a service, for what is rare beside its requests."""
    return Counter(name, said, labels)


def gauge(name: str, said: str) -> Gauge:
    return Gauge(name, said)


class _Server6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: who asks does so every few seconds."""


def serve(host: str, port: int) -> None:
    """Serve `/metrics` from a thread; a taken port costs the metrics, never the service.

    The library's own way to start it looks twice a second whether it shall end.
    """
    try:
        server = make_server(host, port, make_wsgi_app(), _Server6 if ":" in host else ThreadingWSGIServer, _Handler)
    except (OSError, OverflowError) as error:  # taken, or above 65535
        log.warning("metrics are not served", port=port, reason=str(error))
        return
    Thread(target=server.serve_forever, args=(_LOOK_INTERVAL_S,), daemon=True).start()
