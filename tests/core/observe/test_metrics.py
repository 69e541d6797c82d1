"""What Prometheus is told is what happened, at a price that no request notices."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from baas.core.observe import metrics
from baas.core.redis.cache import ByteCache


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_routes", {})
    monkeypatch.setattr(metrics, "_caches", {})


def shown(name: str, **labels: str) -> float | None:
    """The value of one sample, as a scrape would see it."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    samples = [sample for family in families for sample in family.samples]
    return next((each.value for each in samples if (each.name, each.labels) == (name, labels)), None)


def test_requests_by_route_method_and_class() -> None:
    for status in (200, 201, 304, 404, 422, 500, 999):
        metrics.observe_request("/products/{id}", "GET", status, 0.004)
    counts = [
        shown("baas_http_requests_total", route="/products/{id}", method="GET", status=status)
        for status in ("1xx", "2xx", "3xx", "4xx", "5xx", "?xx")
    ]
    assert counts == [None, 2, 1, 2, 1, 1]


def test_durations_fall_into_their_buckets() -> None:
    for seconds in (0.0005, 0.001, 0.004, 0.3, 60):
        metrics.observe_request("/r", "GET", 200, seconds)
    name, labels = "baas_http_request_duration_seconds", {"route": "/r", "method": "GET"}
    below = [shown(f"{name}_bucket", le=bound, **labels) for bound in ("0.001", "0.005", "0.5", "+Inf")]
    assert below == [2, 3, 4, 5]
    assert shown(f"{name}_count", **labels) == 5
    assert shown(f"{name}_sum", **labels) == pytest.approx(60.3055)


def test_invented_methods_do_not_grow_the_list() -> None:
    for number in range(100):
        metrics.observe_request("/r", f"METHOD{number}", 405, 0.001)
    assert shown("baas_http_requests_total", route="/r", method="OTHER", status="4xx") == 100
    assert len(metrics._routes) == 1


async def test_a_cache_shows_its_numbers() -> None:
    cache = ByteCache(None)

    async def fill() -> bytes:
        return b"body"

    metrics.watch_cache("storefront", cache)
    await cache.get("k", fill)
    await cache.get("k", fill)
    assert shown("baas_cache_lookups_total", cache="storefront", found="process") == 1
    assert shown("baas_cache_lookups_total", cache="storefront", found="nowhere") == 1
    assert shown("baas_cache_bytes", cache="storefront") == cache.bytes > 4


def test_gauges_are_asked_when_scraped() -> None:
    in_use = [3.0]
    metrics.watch(metrics.db_pool_in_use, "test", lambda: in_use[0])
    assert shown("baas_db_pool_in_use", pool="test") == 3
    in_use[0] = 4
    assert shown("baas_db_pool_in_use", pool="test") == 4


def test_refusals_by_whose_limit_it_was() -> None:
    before = shown("baas_rate_limited_total", by="store") or 0
    metrics.observe_rate_limited()
    assert shown("baas_rate_limited_total", by="store") == before + 1
    assert shown("baas_rate_limited_total", by="address") is not None


def test_counting_is_cheap() -> None:
    started = time.perf_counter()
    for _ in range(20_000):
        metrics.observe_request("/api/v1/storefront/products", "GET", 200, 0.0123)
    assert (time.perf_counter() - started) / 20_000 < 5e-6
