import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.granite_guardian import RISKS
from headgate.models.guards.granite_guardian_4 import CRITERIA, GUARD

from .replies import ANSWER, PROMPT, asks_of, read, text, tokens


def test_there_is_a_criterion_for_each_risk():
    assert tuple(CRITERIA) == RISKS


def test_the_criterion_stands_in_the_last_message_and_names_who_spoke():
    for part, role in ((PROMPT, "user"), (ANSWER, "assistant")):
        for ask in asks_of(GUARD, part):
            last = ask.messages[-1]
            assert last["role"] == "user"
            assert last["content"].startswith("<guardian><no-think>As a judge agent, assess")
            assert f"If the last {role}'s text meets the criteria" in last["content"]


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("<score>yes</score>", 1.0),
        ("<think>\n</think>\n<score> no </score>", 0.0),
        ("<think><score>yes</score></think><score>No</score>", 0.0),
    ],
)
def test_the_score_outside_the_thoughts_counts(reply: str, score: float):
    assert read(GUARD, PROMPT, text(reply)).unsafe == score


def test_odds_are_read_inside_the_score():
    reply = tokens("<score>", " no", " </score>", odds={1: {" no": 0.9, " yes": 0.1}})
    assert read(GUARD, ANSWER, reply).unsafe == pytest.approx(0.1)


@pytest.mark.parametrize("reply", ["", "yes", "<think>cut off in the middle", "<score>maybe</score>"])
def test_no_score_is_no_answer(reply: str):
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text(reply))
