import pytest

from headgate.models.assessment import Unjudged
from headgate.models.guards.shieldgemma_2 import GUARD, POLICIES

from .replies import PICTURE, PROMPT, asks_of, read, text, tokens


def test_each_policy_is_one_pass_over_the_image():
    asks = asks_of(GUARD, PICTURE)
    assert [ask.messages[0]["content"][1]["text"] for ask in asks] == list(POLICIES.values())
    assert all(ask.messages[0]["content"][0]["type"] == "image_url" for ask in asks)


def test_its_policies_are_those_of_transformers():
    processing = pytest.importorskip("transformers.models.shieldgemma2.processing_shieldgemma2")
    assert processing.DEFAULT_SHIELDGEMMA2_POLICIES == POLICIES


def test_yes_means_that_the_policy_is_violated():
    judged = read(GUARD, PICTURE, text("No"), tokens("Yes", odds={0: {"Yes": 0.9, "No": 0.1}}), text("No"))
    assert judged.unsafe == pytest.approx(0.9)
    assert judged.categories["sexual_content"] == pytest.approx(0.9)
    assert judged.categories["graphic_content"] == 0.0


def test_a_text_is_none_of_its_business():
    found = GUARD.asks(PROMPT)
    assert isinstance(found, Unjudged)
    assert found.reason == "unsupported_kind"
