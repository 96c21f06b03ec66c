import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.asking import Ask
from headgate.models.guards.yes_no import yes

from .replies import text, tokens

ASK = Ask(choices=("Yes", "No"))


@pytest.mark.parametrize(("reply", "score"), [("Yes", 1.0), ("No", 0.0), ("no.", 0.0), ("**Yes**, since", 1.0)])
def test_the_first_word_answers_where_no_odds_are_known(reply: str, score: float):
    assert yes(ASK, text(reply)) == score


def test_odds_are_preferred_to_words():
    assert yes(ASK, tokens("No", odds={0: {"No": 0.6, "Yes": 0.4}})) == pytest.approx(0.4)


@pytest.mark.parametrize("reply", ["", "Maybe", "Nothing to see", "The answer is Yes"])
def test_any_other_beginning_is_no_answer(reply: str):
    with pytest.raises(Unparsable):
        yes(ASK, text(reply))
