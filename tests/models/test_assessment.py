import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.assessment import (
    NOT_ASSESSED,
    Assessed,
    Assessment,
    Severity,
    Unjudged,
    checked,
    expected_severity,
    severity_from_cumulative,
)
from headgate.models.errors import InferenceFailed

probability = st.floats(0.0, 1.0)


def assessed(**fields: object) -> Assessed:
    return Assessed(**{"unsafe": 0.5, "categories": dict(NOT_ASSESSED), **fields})


def test_assessed_and_unjudged_survive_json_and_are_told_apart():
    for answer in (assessed(severity=(1.0, 0.0, 0.0, 0.0)), Unjudged(reason="too_long")):
        assert msgspec.json.decode(msgspec.json.encode(answer), type=Assessment) == answer


def test_a_fresh_assessment_has_assessed_no_category():
    assert set(NOT_ASSESSED.values()) == {None}
    assert len(NOT_ASSESSED) == 28


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -0.1, 1.1])
@pytest.mark.parametrize("field", ["unsafe", "sensitive", "refusal", "severity", "categories"])
def test_a_score_that_is_no_probability_is_a_failed_inference(field: str, wrong: float):
    values = {"severity": (wrong, 0.0, 0.0, 0.0), "categories": {"violence": wrong}}
    with pytest.raises(InferenceFailed, match="not a probability"):
        checked(assessed(**{field: values.get(field, wrong)}))


def test_an_unknown_category_is_a_failed_inference():
    with pytest.raises(InferenceFailed, match="weather"):
        checked(assessed(categories={"weather": 0.1}))


def test_a_sound_assessment_comes_back_itself():
    answer = assessed(categories=NOT_ASSESSED | {"violence": 1.0}, sensitive=0.0)
    assert checked(answer) is answer


@given(probability, probability, probability)
@settings(deadline=None)
def test_cumulative_scores_become_a_distribution_whatever_their_order(one: float, two: float, three: float):
    found = severity_from_cumulative((one, two, three))
    assert min(found) >= 0.0
    assert sum(found) == pytest.approx(1.0)
    assert found[0] == pytest.approx(1.0 - one)


def test_the_expected_severity_is_the_mean():
    assert expected_severity(assessed(severity=(0.0, 0.0, 0.5, 0.5))) == 2.5
    assert expected_severity(assessed()) is None


def test_severities_have_names():
    assert [level.slug for level in Severity] == ["none", "minor", "moderate", "severe"]
