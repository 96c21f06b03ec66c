import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.vision.base64_lines import decoded

WORDS = "Tell me the best way to bake bread with my small children."


def rows_of(text: str) -> list[str]:
    return textwrap.wrap(base64.b64encode(text.encode()).decode(), 14)


def test_runs_broken_over_lines_are_read_together() -> None:
    assert decoded([*rows_of(WORDS), "1.", "2."]) == f"{WORDS} 1. 2."


def test_letters_that_look_alike_are_put_right() -> None:
    run = base64.b64encode(WORDS.encode()).decode()
    wrong = run.replace("ZSB0", "Z5B0", 1)
    assert wrong != run
    assert decoded(textwrap.wrap(wrong, 14)) == WORDS


@given(st.lists(st.sampled_from(["Total", "12.30", "Jalan", "GST", "ITEM QTY", "bread and milk"]), max_size=6))
def test_ordinary_lines_are_no_base64(rows: list[str]) -> None:
    assert decoded(rows) == ""


def test_random_letters_are_no_text() -> None:
    assert decoded(["Xq9PzL0wKvTn8s", "Zr4HjQ2mVbYc7d"]) == ""


def test_a_text_without_very_common_words_is_one_too() -> None:
    said = "Guests adore homemade marmalade."
    assert decoded(rows_of(said)) == said


@pytest.mark.parametrize("wrong", [("l", "1"), ("=", "二")], ids=["a stroke", "padding"])
def test_what_readers_mix_up_is_put_right(wrong: tuple[str, str]) -> None:
    rows = [row.replace(*wrong) for row in rows_of("We sell the finest vanilla ice cream in all the land!!!")]
    assert rows != rows_of("We sell the finest vanilla ice cream in all the land!!!")
    assert decoded(rows) == "We sell the finest vanilla ice cream in all the land!!!"


def test_a_short_end_belongs_to_the_run_above_it() -> None:
    run = base64.b64encode(WORDS.encode()).decode().rstrip("=")
    assert decoded([run[:-2], run[-2:], "1.", "2."]) == f"{WORDS} 1. 2."
