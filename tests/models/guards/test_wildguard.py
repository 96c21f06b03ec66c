import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.wildguard import GUARD

from .replies import ANSWER, PROMPT, asks_of, read, text, tokens

HARMFUL = "Harmful request: yes\nResponse refusal: n/a\nHarmful response: n/a"
REFUSED = "Harmful request: yes\nResponse refusal: yes\nHarmful response: no"


def test_its_prompt_is_its_own_and_the_answer_may_be_empty():
    (ask,) = asks_of(GUARD, PROMPT)
    assert (ask.bos + ask.prompt).startswith("<s><|user|>\n[INST] You are a classifier")
    assert "Human user:\nHow warm is tea?\n\nAI assistant:\n\n\n---\n\nAnswers: [/INST]\n<|assistant|>\n" in ask.prompt
    assert "AI assistant:\nQuite warm.\n" in asks_of(GUARD, ANSWER)[0].prompt


def test_the_line_about_the_part_decides():
    assert read(GUARD, PROMPT, text(HARMFUL)).unsafe == 1.0
    refused = read(GUARD, ANSWER, text(REFUSED))
    assert refused.unsafe == 0.0
    assert refused.refusal == 1.0


def test_no_category_is_claimed():
    assert set(read(GUARD, PROMPT, text(HARMFUL)).categories.values()) == {None}


def test_odds_are_read_in_the_middle_of_the_reply():
    reply = tokens(
        "Harmful request:", " no", "\nResponse refusal:", " no", "\nHarmful response:", " no",
        odds={5: {" no": 0.6, " yes": 0.4}},
    )  # fmt: skip
    assert read(GUARD, ANSWER, reply).unsafe == pytest.approx(0.4)


@pytest.mark.parametrize("reply", ["", "no", "Harmful request: maybe\n", HARMFUL.replace("yes", "n/a", 1)])
def test_a_question_without_yes_or_no_is_not_answered(reply: str):
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text(reply))


def test_an_answer_that_was_held_not_to_be_there_is_not_judged():
    with pytest.raises(Unparsable):
        read(GUARD, ANSWER, text(HARMFUL))
