from __future__ import annotations

from prometheus_client import CollectorRegistry

from headgate.gateway.upstream_metrics import UpstreamMetrics


def test_what_happens_to_upstreams_is_counted_by_their_names() -> None:
    registry = CollectorRegistry()
    metrics = UpstreamMetrics(registry)
    metrics.answered("a", 200)
    metrics.answered("a", 503)
    metrics.answered("a", None)
    metrics.retried("a")
    metrics.fell_back("a")
    metrics.breaker("a", "open")

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"headgate_upstream_{name}", {"upstream": "a", **labels})

    assert [value("answers_total", status=status) for status in ("2xx", "5xx", "none")] == [1, 1, 1]
    assert [value(name) for name in ("retries_total", "fallbacks_total", "breaker_open")] == [1, 1, 1]
    metrics.breaker("a", "closed")
    assert value("breaker_open") == 0
