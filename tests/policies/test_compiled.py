from __future__ import annotations

import msgspec
import pytest

from headgate.models.taxonomy import SLUGS
from headgate.policies.compile import load_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.load import packs
from headgate.policies.verdict import Action


@pytest.mark.parametrize("name", packs())
def test_matrix_and_rules_are_total_and_nothing_found_is_always_allowed(name: str) -> None:
    policy = load_policy(name)
    for table in (policy.matrix, policy.rules):
        assert set(table) == {"input", "output", "tool_result", "document"}
        assert all(tuple(rows) == SLUGS for rows in table.values())
    assert {row[0] for rows in policy.matrix.values() for row in rows.values()} == {Action.ALLOW}


def test_a_policy_cannot_be_changed_and_survives_json() -> None:
    policy = load_policy("default")
    with pytest.raises(AttributeError):
        policy.mode = "monitor"  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(policy), type=CompiledPolicy) == policy
