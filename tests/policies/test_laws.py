"""Laws over the whole of `decide`: arbitrary policies with rules, lists, own categories and personal data.

Exceptions and allow-lists are left out: what they excuse, they excuse by design.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.assessment import NOT_ASSESSED, Assessed
from headgate.policies.compile import load_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.context import Context
from headgate.policies.decide import PLAUSIBLE, Judged, decide
from headgate.policies.thresholds import Thresholds, nominal
from headgate.policies.verdict import Action

from . import drawn

HERE = Context(tenant="acme", strikes=5, today="2026-01-01")
POLICIES = st.one_of(drawn.whole(), st.sampled_from(["default", "strict", "permissive", "children"]).map(load_policy))
PARTS = drawn.judged(drawn.assessed(), found=drawn.hits())


def _part(policy: CompiledPolicy, part: Judged, **scores: object) -> Judged:
    """The part with other scores, and what this policy may have found in it."""
    lines = {f"lists.{one.name}" for one in policy.lists} | {f"custom.{one.name}" for one in policy.custom}
    lines |= {f"pii.{kind}" for kind in policy.pii.kinds} if policy.pii else set()
    hits = tuple(hit for hit in part.hits if hit.rule in lines)
    return msgspec.structs.replace(part, hits=hits, assessment=msgspec.structs.replace(part.assessment, **scores))


def _scores(part: Judged) -> Assessed:
    assert isinstance(part.assessment, Assessed)
    return part.assessment


def _action(policy: CompiledPolicy, part: Judged, limits: Thresholds) -> Action:
    return decide(policy, [part], thresholds=limits, context=HERE).action


@settings(max_examples=60, deadline=None)
@given(POLICIES, PARTS, drawn.thresholds(), drawn.probability)
def test_raising_unsafe_never_lowers_the_action(
    policy: CompiledPolicy, part: Judged, limits: Thresholds, other: float
) -> None:
    low, high = sorted((_scores(part).unsafe, other))
    actions = [_action(policy, _part(policy, part, unsafe=score), limits) for score in (low, high)]
    assert actions[0] <= actions[1]


@settings(max_examples=60, deadline=None)
@given(POLICIES, PARTS, drawn.thresholds(), st.tuples(*[drawn.probability] * 6))
def test_raising_the_severity_never_lowers_the_action(
    policy: CompiledPolicy, part: Judged, limits: Thresholds, cuts: tuple[float, ...]
) -> None:
    milder = sorted((min(a, b) for a, b in zip(cuts[:3], cuts[3:], strict=True)), reverse=True)
    worse = sorted((max(a, b) for a, b in zip(cuts[:3], cuts[3:], strict=True)), reverse=True)
    actions = [
        _action(policy, _part(policy, part, severity=(1 - a, a - b, b - c, c)), limits) for a, b, c in (milder, worse)
    ]
    assert actions[0] <= actions[1]


@settings(max_examples=60, deadline=None)
@given(POLICIES, PARTS, drawn.thresholds(), drawn.probability)
def test_raising_the_risk_of_a_person_never_lowers_the_action(
    policy: CompiledPolicy, part: Judged, limits: Thresholds, other: float
) -> None:
    low, high = sorted((_scores(part).sensitive or 0.0, other))
    actions = [_action(policy, _part(policy, part, sensitive=score), limits) for score in (low, high)]
    assert actions[0] <= actions[1]


@settings(max_examples=200, deadline=None)
@given(POLICIES, PARTS, drawn.thresholds(), st.sampled_from(drawn.SLUGS), drawn.probability, drawn.probability)
def test_raising_a_category_never_lowers_the_action_unless_it_names_what_had_no_name_and_is_treated_more_mildly(
    policy: CompiledPolicy, part: Judged, limits: Thresholds, slug: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    categories = _scores(part).categories
    before = _action(policy, _part(policy, part, categories=categories | {slug: low}), limits)
    after = _action(policy, _part(policy, part, categories=categories | {slug: high}), limits)
    if before <= after:
        return
    assert not any(score is not None and score >= PLAUSIBLE for score in (categories | {slug: low}).values())
    assert _alone(policy, part, {slug: 1.0}) < _alone(policy, part, {})


def test_it_holds_where_a_milder_category_overtakes_a_stricter_one() -> None:
    policy = load_policy("default")
    scores = Assessed(
        unsafe=0.9, severity=(0.0, 0.0, 1.0, 0.0), categories=NOT_ASSESSED | {"self_harm": 0.3, "insult": 0.25}
    )
    part = Judged(part="a", direction=drawn.Direction.INPUT, kind="text", assessment=scores)
    limits = nominal(policy.thresholds)
    actions = [
        _action(policy, _part(policy, part, categories=scores.categories | {"insult": score}), limits)
        for score in (0.0, 0.25, 0.4, 0.6, 1.0)
    ]
    assert actions == [Action.SUPPORT] * 5


def _alone(policy: CompiledPolicy, part: Judged, categories: dict[str, Any]) -> Action:
    """What is done about a flagged part of which nothing else is known."""
    bare = msgspec.structs.replace(part, hits=())
    flagged = _part(policy, bare, unsafe=1.0, categories=NOT_ASSESSED | categories, sensitive=None)
    return _action(policy, flagged, Thresholds())
