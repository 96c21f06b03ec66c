import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.asking import Reply
from headgate.models.guards.hazards import Hazards
from headgate.models.guards.llama_guard_3_8b import GUARD

from .replies import PROMPT, found, read, text, tokens, unknown


@pytest.mark.parametrize("reply", ["safe", "\n\nsafe", "Safe ", "safe\n"])
def test_safe_is_nothing_found(reply: str):
    judged = read(GUARD, PROMPT, text(reply))
    assert judged.unsafe == 0.0
    assert judged.categories["violence"] == 0.0
    assert "environment" in unknown(judged)


@pytest.mark.parametrize("reply", ["unsafe\nS10", "\n\nunsafe\nS10\n", "unsafe S10", "unsafe\ns10,"])
def test_unsafe_with_a_code_is_its_category(reply: str):
    judged = read(GUARD, PROMPT, text(reply))
    assert judged.unsafe == 1.0
    assert found(judged) == {"discrimination": 1.0}


@pytest.mark.parametrize("reply", ["unsafe\nS1,S10", "unsafe\nS1, S10", "unsafe\nS1\nS10"])
def test_several_codes_are_several_categories(reply: str):
    assert found(read(GUARD, PROMPT, text(reply))) == {"violence": 1.0, "discrimination": 1.0}


@pytest.mark.parametrize("reply", ["unsafe", "unsafe\nS42"])
def test_unsafe_without_a_known_category_leaves_all_of_them_open(reply: str):
    judged = read(GUARD, PROMPT, text(reply))
    assert judged.unsafe == 1.0
    assert set(judged.categories.values()) == {None}


@pytest.mark.parametrize("reply", ["", "I cannot help with that.", "safe\nS1", "safely", "unsafe\nbecause", "S1"])
def test_anything_else_is_never_safe(reply: str):
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text(reply))


def test_the_score_is_the_probability_of_unsafe_at_the_first_token():
    judged = read(GUARD, PROMPT, tokens("\n\n", "safe", odds={1: {"safe": 0.7, "unsafe": 0.3}}))
    assert judged.unsafe == pytest.approx(0.3)
    flagged = read(GUARD, PROMPT, tokens("unsafe", "\n", "S", "7", odds={0: {"unsafe": 0.9, "safe": 0.1}}))
    assert found(flagged) == {"privacy": pytest.approx(0.9)}


def test_a_first_token_alone_tells_the_score_and_no_category():
    judged = read(GUARD, PROMPT, Reply(odds={"safe": 0.2, "unsafe": 0.8}))
    assert judged.unsafe == 0.8
    assert set(judged.categories.values()) == {None}


def test_a_smaller_guard_knows_fewer_hazards():
    assert "S14" not in Hazards(count=13).labels
    assert "prompt_attack" not in Hazards(count=14).covers
