"""Prometheus metrics, served on a port of their own that is never published."""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from servicekit.logs import get_logger

log = get_logger(__name__)

_requests = Counter("parley_http_requests", "Answered requests by class of status.", ["status"])
_request_time = Histogram(
    "parley_http_request_seconds",
    "Time to the head of the answer.",
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10),
)
_by_class = {digit: _requests.labels(f"{digit}xx") for digit in range(1, 6)}
open_connections = Gauge("parley_open_connections", "Open WebSocket connections.")


def count_request(status: int, duration_s: float) -> None:
    _by_class[status // 100].inc()
    _request_time.observe(duration_s)


def serve(host: str, port: int) -> None:
    """Serve `/metrics` from a thread; a taken port costs the metrics, never the service."""
    try:
        start_http_server(port, host)
    except OSError as error:
        log.warning("metrics are not served", port=port, reason=str(error))
