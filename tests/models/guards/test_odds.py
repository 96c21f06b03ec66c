import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.guards.asking import Ask, Reply
from headgate.models.guards.odds import among, odds, placed, sigmoid, softmax

from .replies import tokens

SHARE = st.floats(0.01, 0.99)


def test_softmax_sums_to_one_whatever_the_size_of_the_logits():
    assert sum(softmax([1e4, -1e4, 0.0])) == pytest.approx(1.0)
    assert softmax([0.0, math.log(3)])[1] == pytest.approx(0.75)


def test_a_sigmoid_of_any_number_is_a_probability():
    assert sigmoid(-1e6) == 0.0
    assert sigmoid(1e6) == 1.0
    assert sigmoid(0.0) == 0.5


@given(SHARE)
def test_a_published_threshold_is_moved_to_one_half(threshold: float):
    assert placed(threshold, threshold=threshold) == pytest.approx(0.5)
    assert placed(0.0, threshold=threshold) == 0.0
    assert placed(1.0, threshold=threshold) == 1.0


@given(st.lists(SHARE, min_size=2, max_size=2, unique=True), SHARE)
def test_moving_a_threshold_keeps_the_order(pair: list[float], threshold: float):
    low, high = sorted(pair)
    assert placed(low, threshold=threshold) <= placed(high, threshold=threshold)


def logs(**chances: float) -> dict[str, float]:
    return {word: math.log(p) for word, p in chances.items()}


def test_choices_share_what_lies_on_them():
    found = among(logs(safe=0.6, unsafe=0.2, other=0.2), choices=("safe", "unsafe"))
    assert found is not None
    assert found["unsafe"] == pytest.approx(0.25)


@pytest.mark.parametrize("word", ["Unsafe", " unsafe", "\u2581unsafe", "\u0120unsafe", "un", "uns", '"unsafe'])
def test_a_token_counts_for_the_word_that_it_begins_as_any_vocabulary_writes_it(word: str):
    found = among({word: 0.0}, choices=("safe", "unsafe"))
    assert found == {"safe": 0.0, "unsafe": 1.0}


def test_a_beginning_that_two_words_share_counts_for_neither():
    assert among({"y": 0.0}, choices=("yes", "yesterday")) is None


def test_odds_mean_nothing_where_the_model_says_something_else():
    assert among(logs(I=0.97, safe=0.02, unsafe=0.01), choices=("safe", "unsafe")) is None


def test_a_logprob_that_is_none_is_left_out():
    assert among({"unsafe": 5.0, "safe": math.log(0.5)}, choices=("safe", "unsafe")) == {"safe": 1.0, "unsafe": 0.0}


def test_the_first_token_that_is_not_blank_answers():
    ask = Ask(choices=("safe", "unsafe"))
    found = odds(ask, tokens("\n\n", "unsafe", odds={1: {"unsafe": 0.9, "safe": 0.1}}))
    assert found is not None
    assert found["unsafe"] == pytest.approx(0.9)


def test_the_token_after_a_marker_answers_where_there_is_one():
    ask = Ask(choices=("Safe", "Unsafe"), after="Safety:")
    reply = tokens("Safety", ":", " Safe", "\n", odds={2: {" Safe": 0.3, " Unsafe": 0.7}})
    found = odds(ask, reply)
    assert found is not None
    assert found["Unsafe"] == pytest.approx(0.7)
    assert odds(ask, tokens("Un", "safe")) is None


def test_odds_that_were_read_directly_are_taken_as_they_are():
    assert odds(Ask(choices=("a",)), Reply(odds={"a": 1.0})) == {"a": 1.0}
    assert odds(Ask(choices=("a",)), Reply(text="a")) is None
