from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from headgate.gateway.limit_metrics import LimitMetrics
from headgate.guard.store.shared import Status


def test_how_the_store_does_is_told_and_counts_only_grow() -> None:
    registry = CollectorRegistry()
    metrics = LimitMetrics(registry)
    metrics.store(Status(kind="redis", up=False, owed=7, failures=3, outages=1))
    metrics.store(Status(kind="redis", up=True, owed=0, failures=4, outages=1, merged=7))
    page = generate_latest(registry).decode()
    for line in (
        "headgate_store_up 1.0",
        "headgate_store_owed_keys 0.0",
        "headgate_store_failures_total 4.0",
        "headgate_store_outages_total 1.0",
        "headgate_store_merged_keys_total 7.0",
    ):
        assert line in page.splitlines()
