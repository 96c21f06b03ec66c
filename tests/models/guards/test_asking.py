import msgspec
import pytest

from headgate.models.guards.asking import Ask, Reply


def test_an_ask_and_a_reply_say_nothing_that_was_not_given():
    assert Ask().messages == ()
    assert Reply().odds is None


def test_an_ask_cannot_be_changed_between_its_making_and_its_answer():
    ask = Ask(prompt="a", messages=({"role": "user", "content": "a"},))
    with pytest.raises(AttributeError):
        ask.prompt = "b"  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(ask.messages)) == [{"role": "user", "content": "a"}]
