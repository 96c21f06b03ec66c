from __future__ import annotations

import pickle

from prometheus_client import CollectorRegistry

from headgate.gateway.connections import ConnectionMetrics, Connections, total


def test_so_many_are_served_at_a_time_and_a_place_that_is_left_is_free_again() -> None:
    found = Connections(2)
    assert [found.enter() for _ in range(3)] == [True, True, False]
    found.leave(served=False)
    found.leave(served=True)
    assert (found.held, found.told, found.refused) == (1, 0, 1)
    assert found.enter()


def test_without_a_bound_everybody_is_served() -> None:
    found = Connections(0)
    assert all(found.enter() for _ in range(100))


def test_a_worker_process_begins_at_zero() -> None:
    found = Connections(5)
    found.enter()
    sent = pickle.loads(pickle.dumps(found))
    assert (sent.most, sent.held, sent.refused) == (5, 0, 0)


def test_metrics_sum_up_the_servers_of_the_process() -> None:
    registry = CollectorRegistry()
    metrics, before = ConnectionMetrics(registry), total()
    one, other = Connections(1), Connections(1)
    for each in (one, other):
        each.enter()
        each.enter()
    metrics.refresh()
    metrics.refresh()
    assert registry.get_sample_value("headgate_connections") == before.held + 2
    assert registry.get_sample_value("headgate_refused_connections_total") == 2
