from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.bulk import CHUNK, check_many, conclude_many, judged
from headgate.guard.rows import Columns, exchange
from headgate.models.assessment import Assessed, Assessment
from headgate.models.content import Part, Text
from headgate.models.fakes import FakeClassifier, scores

from .dialogue import BAD, WORSE, by_word, rules


def _judge(parts: Sequence[Part]) -> list[Assessment]:
    return [by_word(part) for part in parts]


def _row(**row: Any) -> Any:
    return exchange(row, Columns())


def test_assessments_come_back_in_order_whatever_the_lengths() -> None:
    parts = [Text(text="x" * (index * 37 % 101)) for index in range(3 * CHUNK + 5)]
    found = judged(parts, lambda chunk: [scores(unsafe=len(part.text) / 1000) for part in chunk])
    assert [one.unsafe for one in found] == [len(part.text) / 1000 for part in parts]


def test_parts_of_similar_length_are_judged_together_and_all_are_counted() -> None:
    fake = FakeClassifier()
    done: list[int] = []
    judged([Text(text="x" * (index % 7)) for index in range(2 * CHUNK)], fake.assess, progress=done.append)
    assert (fake.calls, sum(done)) == (2, 2 * CHUNK)


def test_a_judge_that_raises_is_not_swallowed() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        judged([Text(text="x")], FakeClassifier(default=RuntimeError("broken")).assess)


WORDS = st.sampled_from(["Fine. ", "A walk in the park. ", f"Quite {BAD}. ", f"Plainly {WORSE}. ", "No full stop "])
TEXTS = st.lists(WORDS, max_size=4).map("".join)
ROWS = st.one_of(
    st.fixed_dictionaries({"prompt": TEXTS}),
    st.fixed_dictionaries({"text": TEXTS}),
    st.fixed_dictionaries({"prompt": TEXTS, "response": TEXTS, "kind": st.just("pair")}),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_a_row_among_many_gets_the_verdict_that_it_gets_alone(rows: list[dict[str, str]]) -> None:
    law = rules()
    exchanges = [_row(**row) for row in rows]
    together = check_many(exchanges, _judge, rules=law)
    alone = [check_many([one], _judge, rules=law)[0] for one in exchanges]
    assert [verdict.to_json() for verdict in together] == [verdict.to_json() for verdict in alone]


def test_judgements_of_all_rows_are_joined() -> None:
    fake = FakeClassifier()
    check_many([_row(prompt=f"question {index}", response="Yes.") for index in range(20)], fake.assess, rules=rules())
    assert fake.calls <= 3
    assert len(fake.judged) >= 40


def test_a_conclusion_holds_the_assessments_behind_the_verdict() -> None:
    row = _row(prompt="Fine.", response=f"Quite {BAD}.")
    (found,) = conclude_many([row], _judge, rules=rules())
    assert [one.unsafe for one in found.assessments if isinstance(one, Assessed)] == [0.0, 0.9]
    assert found.verdict == check_many([row], _judge, rules=rules())[0]
