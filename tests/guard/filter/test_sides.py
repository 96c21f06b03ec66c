from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.filter.sides import joined, sides
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
