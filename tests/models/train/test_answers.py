import pytest

from headgate.models.train import answers
from headgate.models.train.sources import looks_like_refusal

SAFE_POOLS = ("REFUSE", "REDIRECT", "DIGRESS", "HARMLESS")
UNSAFE_POOLS = ("COMPLY", "AGREE")


@pytest.mark.parametrize("name", SAFE_POOLS + UNSAFE_POOLS)
def test_answers_of_a_pool_are_distinct_short_sentences(name):
    pool = getattr(answers, name)
    assert len(pool) >= 10
    assert len(set(pool)) == len(pool)
    assert all(text == text.strip() and text[-1] in ".!?" and len(text) < 120 for text in pool)


def test_no_answer_is_taught_both_as_safe_and_as_harmful():
    safe = {text for name in SAFE_POOLS for text in getattr(answers, name)}
    harmful = {text for name in UNSAFE_POOLS for text in getattr(answers, name)}
    assert not safe & harmful


def test_refusals_read_as_refusals_and_other_answers_do_not():
    missed = [text for text in answers.REFUSE if not looks_like_refusal(text)]
    assert len(missed) <= 1  # one plain "No." stays, so that the head learns more than the pattern
    for name in ("DIGRESS", "HARMLESS", *UNSAFE_POOLS):
        assert not any(looks_like_refusal(text) for text in getattr(answers, name)), name


def test_safe_and_harmful_kinds_of_answers_are_drawn_equally_often():
    harmful = sum(kind in ("comply", "harmful_reply") for kind in answers.ANSWER_KINDS)
    assert harmful * 2 == len(answers.ANSWER_KINDS)


def test_no_answer_holds_a_slot_that_would_never_be_filled():
    texts = [text for name in SAFE_POOLS + UNSAFE_POOLS for text in getattr(answers, name)]
    assert not any("{" in text or "}" in text for text in texts)
