import pytest

from headgate.models.guards.catalogue import MODULES, adapter
from headgate.models.guards.spec import Encoder, Generative
from headgate.models.taxonomy import BY_SLUG

from .replies import ANSWER, PICTURE, PROMPT

NAMES = sorted(MODULES)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_a_person_needs(name: str):
    card = adapter(name).card
    assert card.name == name
    assert card.checkpoint.count("/") == 1
    assert card.licence
    assert card.sizes
    assert card.covers <= BY_SLUG.keys()
    assert card.routes


@pytest.mark.parametrize("name", NAMES)
def test_what_runs_in_this_process_is_known_whole(name: str):
    guard = adapter(name)
    if isinstance(guard, Generative):
        assert ("onnx" in guard.card.routes) == bool(guard.words)
        assert guard.rendered or not guard.words
        assert guard.in_process <= guard.card.covers
    else:
        assert guard.card.routes == ("onnx",)
        if not isinstance(guard, Encoder):
            return
        assert 0 < guard.threshold < 1
        assert len(set(guard.labels)) == len(guard.labels)


@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_a_guard_takes_is_a_pass_that_can_be_sent(name: str):
    guard = adapter(name)
    if not isinstance(guard, Generative):
        return
    for part in (PROMPT, ANSWER, PICTURE):
        asks = guard.asks(part)
        for ask in asks if isinstance(asks, tuple) else ():
            assert ask.messages or not guard.chat
            assert ask.prompt or not guard.rendered or part is PICTURE
            assert ask.max_tokens >= 1
