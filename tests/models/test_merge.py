import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.assessment import Assessed, Unjudged, checked
from headgate.models.fakes import scores
from headgate.models.merge import Quorum, Rule, merged, worst

RULES: list[Rule] = ["max", "first_available", Quorum(1), Quorum(2)]
SMALL = scores(unsafe=0.2, severity=0, categories={"violence": 0.2}, covers=["violence", "insult"], model="small")
LARGE = scores(unsafe=0.9, severity=3, categories={"violence": 0.9}, covers=["violence", "drugs"], model="large")


def bare(unsafe: float, **categories: float) -> Assessed:
    """A guard without levels."""
    return Assessed(unsafe=unsafe, categories=dict(categories), model="bare")


@pytest.mark.parametrize("rule", RULES)
def test_one_assessment_is_itself(rule: Rule):
    assert merged([LARGE], rule=rule) is LARGE


def test_max_takes_the_highest_of_every_score():
    found = merged([SMALL, LARGE], rule="max")
    assert (found.unsafe, found.categories["violence"]) == (0.9, 0.9)
    assert found.model == "small+large"


def test_a_category_is_what_those_say_who_assess_it():
    found = merged([SMALL, LARGE], rule="max")
    assert found.categories["insult"] == 0.0
    assert found.categories["drugs"] == 0.0
    assert found.categories["privacy"] is None


def test_the_first_speaks_and_the_others_of_what_it_leaves_open():
    found = merged([SMALL, LARGE], rule="first_available")
    assert found.unsafe == 0.2
    assert found.categories["violence"] == 0.2
    assert found.categories["drugs"] == 0.0
    assert found.severity == SMALL.severity


def test_what_only_a_later_one_looks_for_can_flag():
    later = bare(0.9, prompt_attack=0.9)
    assert merged([SMALL, later], rule="first_available").unsafe == 0.9


def test_a_quorum_needs_that_many_and_no_more_than_there_are():
    three = [bare(0.9, violence=0.9), bare(0.8, violence=0.8), bare(0.1, violence=0.1, drugs=0.7)]
    assert merged(three, rule=Quorum(2)).categories["violence"] == 0.8
    assert merged(three, rule=Quorum(3)).unsafe == 0.1
    assert merged(three, rule=Quorum(2)).categories["drugs"] == 0.7


def test_a_small_ones_mildness_does_not_soften_what_a_large_one_found():
    found = merged([SMALL, bare(0.9, drugs=0.9)], rule="max")
    assert found.severity == (0.0, 0.0, 1.0, 0.0)
    assert merged([SMALL, bare(0.9, child_safety=0.9)], rule="max").severity == (0.0, 0.0, 0.0, 1.0)


def test_the_worst_severity_of_those_that_flag_counts():
    severe = scores(unsafe=0.6, severity=3)
    mild = scores(unsafe=0.9, severity=1)
    assert worst([severe, mild]).severity == (0.0, 0.0, 0.0, 1.0)


def test_where_nobody_flags_the_likeliest_ones_severity_stands():
    assert worst([SMALL, bare(0.1)]).severity == SMALL.severity


def test_who_was_missing_stays_named():
    missing = Unjudged(reason="deadline", model="slow")
    kept = merged([Assessed(unsafe=0.1, categories={}, missed=(missing,)), SMALL], rule="max")
    assert kept.missed == (missing,)


SHARES = st.floats(0, 1).map(lambda p: round(p, 4))
ASSESSED = st.builds(
    lambda unsafe, violence, severity: scores(unsafe=unsafe, categories={"violence": violence}, severity=severity),
    SHARES, SHARES, st.integers(0, 3),
)  # fmt: skip


@given(st.lists(ASSESSED, min_size=1, max_size=4), st.sampled_from(RULES))
def test_a_merger_is_a_sound_assessment_between_its_parts(found: list[Assessed], rule: Rule):
    merger = checked(merged(found, rule=rule))
    assert min(one.unsafe for one in found) <= merger.unsafe <= max(one.unsafe for one in found)
    assert merger.severity is None or sum(merger.severity) == pytest.approx(1.0, abs=1e-3)


@given(st.lists(ASSESSED, min_size=1, max_size=4))
def test_max_does_not_mind_the_order(found: list[Assessed]):
    one, other = merged(found, rule="max"), merged(found[::-1], rule="max")
    assert (one.unsafe, one.categories) == (other.unsafe, other.categories)
