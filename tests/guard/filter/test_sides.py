from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.filter.sides import asked_messages, joined, sides
from headgate.guard.rows import Columns
from headgate.models.errors import InputError

from ..dialogue import BAD, WORSE
from .rows import Counting


def _judged(row: dict[str, Any], **more: Any) -> Any:
    both = sides(row, Columns())
    return joined(Counting()(both.exchanges), both, **more).verdict


def test_a_row_of_one_exchange_has_its_verdict() -> None:
    assert str(_judged({"text": f"some {WORSE} news"}).action) == "refuse"
    assert str(_judged({"text": "fine"}).action) == "allow"


@pytest.mark.parametrize("bad", ["chosen", "rejected"])
def test_either_side_of_a_preference_pair_decides_and_is_named(bad: str) -> None:
    row = {"prompt": "And?", "chosen": "Fine.", "rejected": "Good.", bad: f"A {WORSE} answer."}
    verdict = _judged(row)
    assert str(verdict.action) == "refuse"
    assert {finding.part for finding in verdict.findings} == {f"{bad}.content"}


def test_the_rejected_side_can_be_spared_and_is_still_reported() -> None:
    row = {"prompt": "And?", "chosen": "Fine.", "rejected": f"A {WORSE} answer."}
    verdict = _judged(row, spare_rejected=True)
    assert str(verdict.action) == "allow"
    assert verdict.findings[0].part == "rejected.content"
    assert str(_judged({**row, "chosen": f"{BAD}"}, spare_rejected=True).action) == "refuse"


def test_one_side_alone_is_an_answer_and_decides() -> None:
    for name in ("chosen", "rejected"):
        for other in ({}, {"chosen": None, "rejected": None}):
            row = {"prompt": "And?", **other, name: f"A {WORSE} answer."}
            verdict = _judged(row, spare_rejected=True)
            assert str(verdict.action) == "refuse"
            assert {finding.part for finding in verdict.findings} == {f"{name}.content"}
    assert sides({"prompt": "a", "response": "b", "chosen": "", "rejected": ""}, Columns()).names == ()


BAD_CHAT = [{"role": "user", "content": "And?"}, {"role": "assistant", "content": WORSE}]
FINE_CHAT = [{"role": "user", "content": "And?"}, {"role": "assistant", "content": "Fine."}]


@pytest.mark.parametrize(
    "beside",
    [{"text": WORSE}, {"response": WORSE}, {"response": [WORSE]}, {"messages": BAD_CHAT}, {"messages": WORSE}],
)
@pytest.mark.parametrize("pair", [("Fine.", "Good."), (FINE_CHAT, FINE_CHAT)])
def test_what_stands_beside_a_pair_is_judged_and_decides(beside: dict[str, Any], pair: Any) -> None:
    row = {"prompt": "And?", "chosen": pair[0], "rejected": pair[1], **beside}
    assert str(_judged(row, spare_rejected=True).action) == "refuse"
    assert str(_judged({**row, **dict.fromkeys(beside)}).action) == "allow"


def test_a_prompt_before_sides_that_are_chats_is_judged() -> None:
    answers = {"chosen": FINE_CHAT[1:], "rejected": FINE_CHAT[1:]}
    for prompt in (WORSE, [{"role": "user", "content": WORSE}]):
        assert str(_judged({"prompt": prompt, **answers}).action) == "refuse"
    both = sides({"prompt": FINE_CHAT[:1], "chosen": FINE_CHAT, "rejected": FINE_CHAT[1:]}, Columns())
    assert [[part.path for part in one.prompt] for one in both.exchanges] == [["messages[0].content"]] * 2


def test_a_chat_may_be_what_the_sides_answer_or_one_of_them() -> None:
    asked = sides({"messages": FINE_CHAT[:1], "chosen": "Fine.", "rejected": "Good."}, Columns())
    assert [one.prompt[0].path for one in asked.exchanges] == ["messages[0].content"] * 2
    assert sides({"messages": FINE_CHAT, "chosen": FINE_CHAT, "rejected": FINE_CHAT}, Columns()).names == (
        "chosen",
        "rejected",
    )


def test_sides_may_be_conversations() -> None:
    turns = [{"role": "user", "content": "And?"}]
    row = {
        "chosen": [*turns, {"role": "assistant", "content": "Fine."}],
        "rejected": [*turns, {"role": "assistant", "content": WORSE}],
    }
    assert str(_judged(row).action) == "refuse"
    assert str(_judged({"prompt": turns, "chosen": "a", "rejected": "b"}).action) == "allow"


def test_a_side_of_another_type_is_named() -> None:
    with pytest.raises(InputError, match="chosen must be a text"):
        sides({"prompt": "a", "chosen": 1, "rejected": "b"}, Columns())


def test_images_beside_a_pair_or_a_chat_are_judged_with_it() -> None:
    for row in ({"prompt": "This?", "chosen": "a", "rejected": "b"}, {"messages": [{"role": "user", "content": "?"}]}):
        assert [missed.part for missed in _judged({**row, "image": b"x"}).unjudged] == ["image"]


def test_upstream_is_sent_what_an_answer_answers_with_its_images() -> None:
    chat = {"messages": [{"role": "user", "content": "This?"}, {"role": "assistant", "content": "A lake."}]}
    for row in ({"prompt": "This?", "response": "A lake."}, chat):
        (plain,) = asked_messages(row, Columns())
        assert plain == {"role": "user", "content": "This?"}
        (found,) = asked_messages({**row, "image": "https://a.example/b.png"}, Columns())
        assert [one["type"] for one in found["content"]] == ["text", "image_url"]
    asked = {"messages": [{"role": "user", "content": "This?"}], "response": "A lake."}
    assert asked_messages(asked, Columns()) == asked["messages"]
    assert asked_messages({"text": "A post.", "image": b"x"}, Columns()) == []
    with pytest.raises(InputError, match="media: video"):
        asked_messages({"prompt": "This?", "video": b"x"}, Columns())
