from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter.answers import Answers, keep_answers, read_answers
from headgate.guard.filter.place import place_of
from headgate.guard.filter.store import ANSWERS, SHARDS, Key, begin_scratch, done
from headgate.models.errors import ConfigError

KEY = Key(0, 3)


class Asking:
    """Answers with how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, messages: Sequence[Any]) -> str:
        self.times += 1
        return f"answer {self.times}"


def _messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_what_was_answered_is_not_asked_again_and_comes_in_the_same_order() -> None:
    asking, answers = Asking(), Answers()
    first = answers.of(7)
    given = [first.ask(_messages(text), asking) for text in ("a", "a", "b")]
    assert given == ["answer 1", "answer 2", "answer 3"]
    again = Answers(answers.kept).of(7)
    assert [again.ask(_messages(text), asking) for text in ("a", "a", "b")] == given
    assert asking.times == 3
    assert again.ask(_messages("c"), asking) == "answer 4"


def test_another_question_or_another_row_gets_an_answer_of_its_own() -> None:
    asking, answers = Asking(), Answers()
    answers.of(1).ask(_messages("a"), asking)
    assert answers.of(2).ask(_messages("a"), asking) == "answer 2"
    assert answers.of(1).ask(_messages("b"), asking) == "answer 3"
    assert [(one.row, one.text) for one in answers.kept] == [(1, "answer 3"), (2, "answer 2")]


def test_answers_outlive_a_run_and_the_look_at_what_is_done(tmp_path: Path) -> None:
    begin_scratch(tmp_path)
    place = place_of(tmp_path)
    assert read_answers(place, KEY).kept == []
    keep_answers(place, KEY, Answers())
    assert place.sizes(SHARDS) == {}
    answers = Answers()
    answers.of(1).ask(_messages("a"), Asking())
    keep_answers(place, KEY, answers)
    assert done(tmp_path) == {}
    assert read_answers(place, KEY).kept == answers.kept
    place.put(f"{SHARDS}/{KEY.name}{ANSWERS}", b"{")
    with pytest.raises(ConfigError, match="no answers of this version"):
        read_answers(place, KEY)
