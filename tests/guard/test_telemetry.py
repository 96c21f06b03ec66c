from __future__ import annotations

import re

from headgate.guard import telemetry
from headgate.policies.verdict import DELIVERS, Action


def names() -> dict[str, str]:
    return {key: value for key, value in vars(telemetry).items() if key.isupper() and isinstance(value, str)}


def test_no_two_names_are_the_same() -> None:
    found = list(names().values())
    assert sorted(found) == sorted(set(found))


def test_metrics_are_named_as_prometheus_wants_it() -> None:
    metrics = [name for name in names().values() if name.startswith("headgate_")]
    assert len(metrics) > 20
    assert all(re.fullmatch(r"headgate(_[a-z]+)+", name) for name in metrics)
    assert all(name.endswith("_total") for key, name in names().items() if key.endswith("_TOTAL"))


def test_every_action_has_a_word_in_the_draft() -> None:
    assert set(telemetry.VERDICTS) == set(telemetry.ACTIONS) == set(Action)
    assert all((telemetry.VERDICTS[action] == "deny") <= (action not in DELIVERS) for action in Action)


def test_monitoring_blocks_nothing() -> None:
    found = {telemetry.action_type(action, enforces=False) for action in Action}
    assert found == {"allow", "audit"}
    assert telemetry.action_type(Action.REFUSE, enforces=True) == "block"
