import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.taxonomy import SLUGS
from headgate.models.train.rows import HEADS, SEVERITY_HEADS, UNKNOWN, Row, group_key


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "How do I plant tulips?"} | changes))


def test_heads_are_34_in_the_agreed_order():
    assert len(HEADS) == 34
    assert HEADS[:6] == ("unsafe", "severity_1", "severity_2", "severity_3", "sensitive", "refusal")
    assert HEADS[1:4] == SEVERITY_HEADS
    assert HEADS[6:] == SLUGS


def test_a_bare_row_claims_nothing_about_harm_severity_refusal_or_categories():
    bare = row()
    assert (bare.unsafe, bare.severity, bare.refusal, bare.categories) == (UNKNOWN, -1, UNKNOWN, None)
    assert not bare.positive


@pytest.mark.parametrize(
    ("unsafe", "attack", "positive"), [(0.0, 0.0, False), (1.0, 0.0, True), (UNKNOWN, 1.0, True), (0.0, UNKNOWN, False)]
)
def test_a_row_is_positive_where_either_gate_should_stop_it(unsafe, attack, positive):
    assert row(unsafe=unsafe, attack=attack).positive is positive


@pytest.mark.parametrize(
    "other", ["how do i plant tulips", "How do I plant tulips?!", " How-do  I plant\ntulips? ", "HOW DO I PLANT TULIPS"]
)
def test_near_duplicates_share_a_group(other):
    assert group_key(row(prompt=other)) == group_key(row())


def test_texts_that_differ_late_share_a_group_and_texts_that_differ_early_do_not():
    long = "a very long sentence about tulips and their many friends in the garden"
    assert group_key(row(prompt=f"{long} today")) == group_key(row(prompt=f"{long} tomorrow"))
    assert group_key(row(prompt=f"today {long}")) != group_key(row(prompt=f"tomorrow {long}"))


def test_a_pair_without_a_prompt_is_grouped_by_its_answer():
    assert group_key(row(prompt=" ", response="Yes, do.")) == group_key(row(prompt="Yes do"))
    assert group_key(row(prompt="", response="Yes.")) != group_key(row(prompt="", response="No."))


def test_pairs_with_the_same_prompt_share_a_group_whatever_the_answer():
    assert group_key(row(response="Yes.")) == group_key(row(response="No."))


@given(st.text())
def test_the_group_is_the_same_at_every_call_and_fits_64_bits(text):
    key = group_key(row(prompt=text))
    assert key == group_key(row(prompt=text))
    assert 0 <= key < 2**64
