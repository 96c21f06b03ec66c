from __future__ import annotations

from headgate.guard.library import library
from headgate.models.taxonomy import SLUGS


def test_every_category_has_a_guideline_that_always_holds_and_a_severe_one() -> None:
    assert set(library()) == set(SLUGS)
    for slug, guidelines in library().items():
        always = [one.severity for one in guidelines if not one.when]
        assert always == [1, 3], slug


def test_there_are_many_short_texts_and_none_is_there_twice() -> None:
    texts = [one.text for guidelines in library().values() for one in guidelines]
    assert len(texts) >= 120
    assert len(set(texts)) == len(texts)
    assert max(map(len, texts)) <= 160
    assert all(text == " ".join(text.split()) and text.endswith(".") for text in texts)


def test_phrases_are_lower_case_and_stand_once_in_their_guideline() -> None:
    for guidelines in library().values():
        for one in guidelines:
            assert len(set(one.when)) == len(one.when)
            assert all(phrase == phrase.lower().strip() and phrase for phrase in one.when)
