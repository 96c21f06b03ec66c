from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.content import Direction
from headgate.models.fakes import scores
from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.context import Context
from headgate.policies.decide import Judged
from headgate.policies.diff import EXAMPLES, Seen, Side, compare, share
from headgate.policies.verdict import Action


def side(name: str) -> Side:
    return Side(load_policy(name) if "\n" not in name else parse_policy(name))


def seen(number: int, unsafe: float, severity: int, *, tenant: str = "") -> Seen:
    assessed = scores(unsafe=unsafe, severity=severity, categories={"drugs": unsafe})
    part = Judged(part="messages[0].content", direction=Direction.INPUT, kind="text", assessment=assessed)
    return Seen(id=f"x{number}", parts=(part,), context=Context(tenant=tenant))


TRAFFIC = [seen(n, 0.1, 0) for n in range(6)] + [seen(n, 0.9, 2, tenant="acme") for n in range(6, 10)]


def test_what_becomes_blocked_is_counted_by_category_and_tenant_with_examples() -> None:
    found = compare(side("default"), side("strict"), TRAFFIC)
    assert (found.exchanges, found.same, found.newly_blocked.count) == (10, 6, 4)
    assert found.by_category == {"newly_blocked": {"drugs": 4}}
    assert found.by_tenant == {"newly_blocked": {"acme": 4}}
    assert found.actions == {"guideline -> refuse": 4}
    (first, *_) = found.examples["newly_blocked"]
    assert (first.id, first.before, first.after, first.rule) == (
        "x6",
        Action.GUIDELINE,
        Action.REFUSE,
        "input.moderate",
    )


def test_the_other_way_round_it_is_newly_allowed() -> None:
    found = compare(side("strict"), side("default"), TRAFFIC, unknown=3)
    assert (found.newly_blocked.count, found.newly_allowed.count, found.unknown) == (0, 4, 3)


def test_a_policy_does_not_differ_from_itself() -> None:
    assert compare(side("default"), side("default"), TRAFFIC).same == 10


def test_overlays_hold_for_their_tenants() -> None:
    mine = "version: 1\nextends: default\ntenants: {acme: {input: {moderate: refuse}}}\n"
    assert compare(side("default"), side(mine), TRAFFIC).newly_blocked.count == 4


def test_no_more_examples_are_named_than_a_person_reads() -> None:
    traffic = [seen(n, 0.9, 2) for n in range(EXAMPLES + 5)]
    assert len(compare(side("default"), side("strict"), traffic).examples["newly_blocked"]) == EXAMPLES


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0, 1)],
)
def test_intervals_are_wilsons(count: int, total: int, low: float, high: float) -> None:
    found = share(count, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_in_its_interval(count: int, more: int) -> None:
    found = share(count, count + more)
    assert 0 <= found.low <= found.share + 1e-12
    assert found.share - 1e-12 <= found.high <= 1
