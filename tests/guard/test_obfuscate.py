from __future__ import annotations

import base64
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.obfuscate import WAYS, disguise, obfuscated
from headgate.models.normalise import views

TEXTS = st.text(max_size=200)
MILD = "Please describe the garden behind the house, with seven tomato plants and one patient heron."


@settings(deadline=None, max_examples=40)
@given(TEXTS, st.integers(0, 9))
def test_a_disguise_is_settled_by_text_and_seed(text: str, seed: int) -> None:
    assert obfuscated(text, seed=seed) == obfuscated(text, seed=seed)


def test_texts_fall_to_every_way_and_another_seed_chooses_anew() -> None:
    first, second = ([obfuscated(f"{MILD} {at}", seed=seed) for at in range(100)] for seed in (0, 1))
    assert {one.way for one in first} == set(WAYS)
    assert first != second


@settings(deadline=None, max_examples=40)
@given(TEXTS, st.integers())
def test_letters_for_letters_keep_their_places(text: str, seed: int) -> None:
    for way in ("leetspeak", "homoglyph"):
        assert len(disguise(text, way=way, generator=random.Random(seed))) == len(text)


@settings(deadline=None, max_examples=40)
@given(TEXTS.filter(lambda text: not any(unicodedata.category(char) == "Cf" for char in text)), st.integers())
def test_zero_width_characters_are_all_that_is_added(text: str, seed: int) -> None:
    found = disguise(text, way="zero_width", generator=random.Random(seed))
    assert "".join(char for char in found if unicodedata.category(char) != "Cf") == text


@settings(deadline=None, max_examples=40)
@given(TEXTS)
def test_base64_holds_the_text(text: str) -> None:
    assert base64.b64decode(disguise(text, way="base64", generator=random.Random(0))).decode() == text


@pytest.mark.parametrize("way", WAYS)
def test_every_way_changes_an_ordinary_text(way: str) -> None:
    assert disguise(MILD, way=way, generator=random.Random(0)) != MILD


@pytest.mark.parametrize("way", ["zero_width", "homoglyph", "base64"])
def test_a_reader_can_undo_it(way: str) -> None:
    hidden = disguise(MILD, way=way, generator=random.Random(0))
    assert MILD in [view.text for view in views(hidden)]
