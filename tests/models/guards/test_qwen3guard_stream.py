import numpy as np
import pytest

from headgate.models.assessment import Unjudged
from headgate.models.content import Text
from headgate.models.guards.qwen3guard_stream import COLUMNS, GUARD

from .replies import ANSWER, PICTURE, PROMPT


def rows(*levels: str, part: str) -> np.ndarray:
    found = np.zeros((len(levels), len(COLUMNS)), dtype=np.float32)
    for at, level in enumerate(levels):
        found[at, COLUMNS.index(f"{part} {level}")] = 12.0
        found[at, COLUMNS.index(f"{part} PII")] = 12.0
    return found


def test_there_are_heads_for_prompts_and_for_answers():
    assert len(COLUMNS) == 3 + 9 + 3 + 8
    assert "query Jailbreak" in COLUMNS
    assert "response Jailbreak" not in COLUMNS


def test_the_answers_characters_are_those_judged():
    judged = GUARD.text(ANSWER)
    assert not isinstance(judged, Unjudged)
    assert judged.text[judged.start : judged.end] == "Quite warm."
    asked = GUARD.text(PROMPT)
    assert not isinstance(asked, Unjudged)
    assert asked.text[asked.start : asked.end] == "<|im_end|>"


def test_a_prompt_is_what_its_last_token_says():
    assert GUARD.read(PROMPT, rows("Unsafe", "Safe", part="query")).unsafe == pytest.approx(0.0, abs=1e-4)
    judged = GUARD.read(PROMPT, rows("Safe", "Controversial", part="query"))
    assert judged.unsafe == pytest.approx(1.0, abs=1e-4)
    assert judged.severity == pytest.approx((0.0, 1.0, 0.0, 0.0), abs=1e-3)


def test_one_flagged_token_is_noise_and_two_are_not():
    assert GUARD.read(ANSWER, rows("Safe", "Unsafe", "Safe", part="response")).unsafe < 0.01
    judged = GUARD.read(ANSWER, rows("Safe", "Unsafe", "Unsafe", part="response"))
    assert judged.categories["privacy"] == pytest.approx(1.0, abs=1e-4)
    assert GUARD.read(ANSWER, rows("Unsafe", part="response")).unsafe > 0.99


def test_an_image_is_none_of_its_business():
    found = GUARD.text(PICTURE)
    assert not isinstance(found, Unjudged)
    assert isinstance(GUARD.text(Text(text="a" * 300_000)), Unjudged)
