from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.errors import ConfigError
from headgate.policies.thresholds import (
    FalseAlarmTable,
    Number,
    Rate,
    ThresholdPlan,
    nominal,
    resolve,
    tightened,
)

CARD = FalseAlarmTable(
    rates={"unsafe": {"0.001": 0.9, "0.01": 0.7, "0.1": 0.3}},
    points={"unsafe": 0.55, "sensitive": 0.6, "violence": 0.4, "prompt_attack": 0.45},
)


def test_without_a_word_from_the_policy_the_models_operating_points_hold() -> None:
    limits = resolve(ThresholdPlan(), CARD)
    assert (limits.default, limits.sensitive) == (0.55, 0.6)
    assert limits.categories == {"violence": 0.4, "prompt_attack": 0.45}
    assert limits.alone == {"prompt_attack": 0.45, "child_safety": 0.5}


def test_a_number_in_the_policy_wins_and_makes_the_category_count_alone() -> None:
    plan = ThresholdPlan(default=Number(0.8), categories={"violence": Number(0.62)})
    limits = resolve(plan, CARD)
    assert limits.default == 0.8
    assert limits.alone["violence"] == limits.categories["violence"] == 0.62


@pytest.mark.parametrize(("fpr", "at"), [(0.001, 0.9), (0.01, 0.7), (0.1, 0.3), (0.1**1.5, 0.5)])
def test_a_rate_is_read_from_the_table_and_between_its_points_by_its_logarithm(fpr: float, at: float) -> None:
    assert resolve(ThresholdPlan(default=Rate(fpr)), CARD).default == pytest.approx(at)


@pytest.mark.parametrize("fpr", [0.0005, 0.2])
def test_a_rate_beyond_the_table_is_refused_not_guessed(fpr: float) -> None:
    with pytest.raises(ConfigError, match=r"outside the model's table, 0\.001 to 0\.1"):
        resolve(ThresholdPlan(default=Rate(fpr)), CARD)


def test_a_rate_on_a_head_without_a_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="'violence'"):
        resolve(ThresholdPlan(categories={"violence": Rate(0.01)}), CARD)


def test_policy_tests_need_no_model() -> None:
    limits = nominal(ThresholdPlan(default=Rate(0.01), sensitive=Number(0.3), categories={"insult": Rate(0.1)}))
    assert (limits.default, limits.sensitive, limits.alone["insult"]) == (0.5, 0.3, 0.5)


@given(st.floats(0, 1), st.integers(0, 50))
def test_thresholds_never_rise_with_rounds_and_stay_probabilities(threshold: float, rounds: int) -> None:
    now, later = tightened(threshold, rounds=rounds), tightened(threshold, rounds=rounds + 1)
    assert later <= now <= threshold
    assert later >= min(threshold, 0.05)
