"""What the process tells Prometheus at `GET /metrics`.

Each process answers for itself: run one API process per scraped target. The numbers of a request are
kept in plain integers and lists, and become metrics only when somebody asks, because the client
library's own counters cost as much as a tenth of a bare request.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUND_NAMES: Final = (*map(str, _BOUNDS), "+Inf")
_CLASSES: Final = ("?xx", "1xx", "2xx", "3xx", "4xx", "5xx")
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

registry: Final = CollectorRegistry()
"""Our own, so that what libraries register for themselves does not appear."""

ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
GCCollector(registry=registry)

outbox_lag: Final = Gauge(
    "baas_outbox_lag_seconds", "Age of the oldest event that was not yet relayed.", registry=registry
)
queue_depth: Final = Gauge(
    "baas_queue_depth", "Rows that are due and wait for the worker.", ["queue"], registry=registry
)
dead_jobs: Final = Gauge(
    "baas_dead_event_jobs",
    "Events that a handler of the backend failed on until nobody tries it any more (up to 10,000).",
    registry=registry,
)
deliveries: Final = Counter(
    "baas_deliveries_total", "Attempts to deliver an event, by outcome.", ["outcome"], registry=registry
)
delivery_seconds: Final = Histogram(
    "baas_delivery_duration_seconds", "How long receivers took.", buckets=_BOUNDS, registry=registry
)
rate_limited: Final = Counter(
    "baas_rate_limited_total",
    "Requests refused by a limit: of the store or of the address.",
    ["by"],
    registry=registry,
)
db_pool_in_use: Final = Gauge(
    "baas_db_pool_in_use", "Connections to PostgreSQL that are at work.", ["pool"], registry=registry
)
worker_jobs: Final = Counter(
    "baas_jobs_total", "Jobs of the worker, by outcome.", ["job", "outcome"], registry=registry
)


class _Route:
    """The requests of one route and method."""

    __slots__ = ("buckets", "classes", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * len(_CLASSES)
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0


_routes: dict[tuple[str, str], _Route] = {}


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request. `route` is the template, never the path: its values are endless."""
    known = _routes.get((route, method))
    if known is None:
        known = _routes.setdefault((route, method if method in _METHODS else "OTHER"), _Route())
    known.classes[status // 100 if 100 <= status < 600 else 0] += 1
    known.buckets[bisect_left(_BOUNDS, seconds)] += 1
    known.seconds += seconds


_limited: Final = {by: rate_limited.labels(by) for by in ("store", "address")}


def observe_rate_limited(by: str = "store") -> None:
    """Count one refused request; `by` says whose limit it was: "store" or "address"."""
    _limited[by].inc()


class CountsHits(Protocol):
    """A cache that counts what it does in plain numbers."""

    hits: int
    shared_hits: int
    misses: int
    bytes: int


_caches: dict[str, CountsHits] = {}


def watch_cache(name: str, cache: CountsHits) -> None:
    """Show a cache's own numbers from now on; a later one of the same name takes its place."""
    _caches[name] = cache


def watch(gauge: Gauge, label: str, read: Callable[[], float]) -> None:
    """Let a gauge ask for its value when it is scraped: `watch(db_pool_in_use, "app", pool.in_use)`."""
    gauge.labels(label).set_function(read)


def exposition() -> bytes:
    """The body of `GET /metrics`, to be sent as CONTENT_TYPE."""
    return generate_latest(registry)


class _PlainNumbers(Collector):
    """Turns what was counted in plain numbers into metrics, at the moment of a scrape."""

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "baas_http_requests", "Answered requests.", labels=["route", "method", "status"]
        )
        durations = HistogramMetricFamily(
            "baas_http_request_duration_seconds",
            "From the first byte of the request to the last of the answer.",
            labels=["route", "method"],
        )
        for labels, route in _routes.items():
            for status, count in zip(_CLASSES, route.classes, strict=True):
                if count:
                    requests.add_metric([*labels, status], count)
            total, buckets = 0, []
            for bound, count in zip(_BOUND_NAMES, route.buckets, strict=True):
                total += count
                buckets.append((bound, total))
            durations.add_metric(labels, buckets, route.seconds)
        yield requests
        yield durations

        lookups = CounterMetricFamily(
            "baas_cache_lookups", "Where answers were found.", labels=["cache", "found"]
        )
        sizes = GaugeMetricFamily("baas_cache_bytes", "What the process keeps.", labels=["cache"])
        for name, cache in _caches.items():
            lookups.add_metric([name, "process"], cache.hits)
            lookups.add_metric([name, "redis"], cache.shared_hits)
            lookups.add_metric([name, "nowhere"], cache.misses)
            sizes.add_metric([name], cache.bytes)
        yield lookups
        yield sizes


registry.register(_PlainNumbers())
