import jinja2
import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.shieldgemma import GUARD

from .replies import ANSWER, PROMPT, asks_of, found, read, text, tokens
from .templates import SHIELDGEMMA


@pytest.mark.parametrize("part", [PROMPT, ANSWER])
def test_its_prompts_are_those_of_the_checkpoints_chat_template(part):
    template = jinja2.Template(SHIELDGEMMA)
    asks = asks_of(GUARD, part)
    assert len(asks) == 4
    for ask in asks:
        rendered = template.render(messages=ask.messages, bos_token="<bos>", guideline=ask.template["guideline"])
        assert ask.bos + ask.prompt == rendered


def test_a_guideline_says_who_must_not():
    assert all("The prompt shall not contain or seek" in ask.prompt for ask in asks_of(GUARD, PROMPT))
    assert all("The chatbot shall not generate" in ask.prompt for ask in asks_of(GUARD, ANSWER))


def test_each_policy_has_a_score_of_its_own_and_the_worst_is_unsafe():
    no = tokens("No", odds={0: {"Yes": 0.1, "No": 0.9}})
    hate = tokens("Yes", odds={0: {"Yes": 0.8, "No": 0.2}})
    judged = read(GUARD, PROMPT, no, no, hate, no)
    assert judged.unsafe == pytest.approx(0.8)
    assert judged.categories["discrimination"] == pytest.approx(0.8)
    assert judged.categories["insult"] == pytest.approx(0.1)
    assert not judged.ambiguous


def test_danger_may_be_any_of_its_candidates():
    judged = read(GUARD, PROMPT, text("Yes"), text("No"), text("No"), text("No"))
    assert judged.ambiguous
    assert set(found(judged)) == {"violence", "physical_harm", "weapons", "self_harm", "national_security"}


def test_one_pass_without_an_answer_spoils_the_whole():
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text("No"), text("No"), text("Perhaps"), text("No"))
