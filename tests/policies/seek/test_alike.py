from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policies.seek.alike import LONGEST, Alike, cosine, profile

BETTING = Alike(["Which team should I bet on tonight?"], ["Which team plays tonight?"])


def test_what_is_worded_like_an_example_is_alike_and_what_is_nearer_to_a_counterexample_is_not() -> None:
    assert BETTING.score("Which team should I bet on this night?") > 0.6
    assert BETTING.score("Which team plays tonight at home?") == 0.0
    assert BETTING.score("The recipe needs two eggs.") < 0.3


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_symmetric_and_between_0_and_1(one: str, two: str) -> None:
    assert 0.0 <= cosine(profile(one), profile(two)) <= 1.0
    assert abs(cosine(profile(one), profile(two)) - cosine(profile(two), profile(one))) < 1e-9


def test_of_a_long_text_both_ends_count() -> None:
    long = "Which team should I bet on tonight? " + "x " * LONGEST + "the end of it"
    assert "#team"[:5] in profile(long)
    assert "end" in profile(long)
