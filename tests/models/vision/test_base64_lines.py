import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.vision import base64_lines
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


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_texts_that_are_each_padded_are_read_one_by_one() -> None:
    first, second = "Where does the old baker live now?", "When will the next train leave the town?"
    assert encoded(first).endswith("=")
    assert encoded(second).endswith("=")
    assert decoded([encoded(first), encoded(second)]) == f"{first} {second}"


@pytest.mark.parametrize("place", [0, 2, 99])
def test_a_padded_row_more_hides_nothing(place: int) -> None:
    rows = textwrap.wrap(encoded(WORDS), 16)
    rows.insert(place, "aGV5=")
    said = decoded(rows)
    shown = said.replace("aGV5 ", "").replace(" aGV5", "").replace("hey", "").replace(" ", "")
    assert shown == WORDS.replace(" ", "")


@pytest.mark.parametrize("decoy", ["aGV5x", "Xq9PzL0wKvTn8s", "Zr4HjQ2mVbYc7d" * 4, "Zr4HjQ2mVbYc7d" * 9])
@pytest.mark.parametrize("place", [0, 2, 99])
def test_a_row_of_nonsense_hides_nothing(decoy: str, place: int) -> None:
    rows = textwrap.wrap(encoded(WORDS), 16)
    rows.insert(place, decoy)
    said = decoded(rows)
    assert "ell me the best way" in said
    assert "bread with my small childr" in said


@pytest.mark.parametrize(
    "said",
    [
        "Where can I buy the parts now, and at what price?",
        "where to get 9mm ammo",
        "does it hurt when they are hit",
        "They hurt me and I hurt them",
    ],
)
def test_what_was_read_right_stays(said: str) -> None:
    assert decoded(textwrap.wrap(encoded(said), 14)) == said


def test_beyond_the_bound_a_text_is_decoded_as_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = encoded(WORDS).replace("ZSB0", "Z5B0", 1)
    rows = textwrap.wrap(wrong, 14)
    monkeypatch.setattr(base64_lines, "REPAIRED", wrong.index("Z5B0") // 4 * 4)
    assert decoded(rows) != WORDS
    assert decoded(rows)[-40:] == WORDS[-40:]
    monkeypatch.setattr(base64_lines, "REPAIRED", len(wrong))
    assert decoded(rows) == WORDS


def test_rows_of_nothing_that_can_be_read_are_repaired_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    fours: list[str] = []
    candidates = base64_lines._candidates
    monkeypatch.setattr(base64_lines, "_candidates", lambda four: fours.append(four) or candidates(four))
    decoded(["Xq9PzL0wKvTn8sZr4HjQ2mVbYc7d" * 3, "1."] * 200)
    assert len(fours) <= base64_lines.REPAIRED // 4
