import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.granite_guardian import GUARD, RISKS

from .replies import ANSWER, PROMPT, asks_of, found, read, text, tokens


def test_each_risk_is_a_pass_that_the_chat_template_is_told_of():
    asks = asks_of(GUARD, PROMPT)
    assert [ask.template["guardian_config"]["risk_name"] for ask in asks] == list(RISKS)


def test_an_answer_is_not_asked_about_jailbreaks():
    assert len(asks_of(GUARD, ANSWER)) == len(RISKS) - 1


@pytest.mark.parametrize("reply", ["Yes", "Yes\n<confidence> High </confidence>", "yes"])
def test_yes_is_a_risk_in_every_version(reply: str):
    judged = read(GUARD, PROMPT, *[text("No")] * 6, text(reply))
    assert judged.unsafe == 1.0
    assert found(judged) == {"prompt_attack": 1.0}


def test_the_softmax_over_yes_and_no_is_the_score():
    no = tokens("No", odds={0: {"No": 0.75, "Yes": 0.25}})
    assert read(GUARD, ANSWER, no).unsafe == pytest.approx(0.25)


@pytest.mark.parametrize("reply", ["", "Failed", "score: 1"])
def test_a_word_that_is_neither_is_no_answer(reply: str):
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text(reply))
