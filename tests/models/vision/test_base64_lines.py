import base64
import textwrap

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
