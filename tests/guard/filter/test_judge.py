from __future__ import annotations

from collections.abc import Sequence

import pytest

from headgate.guard.filter.judge import CHUNK, BulkJudge
from headgate.guard.guard import Guard
from headgate.guard.rows import Columns, exchange
from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.content import Image, Part, Text
from headgate.models.errors import ConfigError, InferenceFailed
from headgate.models.fakes import FakeClassifier

from ..commands.shell import fake
from ..dialogue import WORSE


class Local(FakeClassifier):
    """Computes here, and cannot stand one word."""

    local = True

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        if any("poison" in part.text for part in parts if isinstance(part, Text)):
            raise InferenceFailed("choked")
        return super().assess(parts)


def _local() -> Local:
    return Local(fake().rules, kinds=frozenset({"text"}))


def test_a_row_gets_the_verdict_that_the_guard_gives() -> None:
    for classifier in (fake(), _local()):
        with Guard("dataset", models=classifier) as guard:
            judge = BulkJudge(guard, threads=2)
            rows = [{"prompt": f"question {n}", "response": (WORSE, "Fine.")[n % 2]} for n in range(150)]
            found = judge([exchange(row, Columns()) for row in rows])
            alone = [guard.check(row["prompt"], response=row["response"]) for row in rows]
            assert [one.verdict.to_json() for one in found] == [one.to_json() for one in alone]
            judge.close()


def test_one_part_that_cannot_be_judged_fails_alone() -> None:
    judge = BulkJudge(Guard("dataset", models=_local()), threads=2)
    parts = [Text(text="fine " * (n % 9), path=str(n)) for n in range(CHUNK * 2)]
    parts[7] = Text(text="poison")
    found = judge.assess(parts)
    judge.close()
    assert [at for at, one in enumerate(found) if isinstance(one, Unjudged)] == [7]
    assert isinstance(found[8], Assessed)


def test_what_no_model_reads_is_reported() -> None:
    judge = BulkJudge(Guard("dataset", models=_local()), threads=1)
    (found,) = judge.assess([Image(data=b"x")])
    judge.close()
    assert isinstance(found, Unjudged)
    assert found.reason == "no_classifier"


def test_a_false_alarm_rate_needs_a_model_that_knows_its_threshold() -> None:
    with pytest.raises(ConfigError):
        BulkJudge(Guard("dataset", models=_local()), target_fpr=0.01)
    loose = BulkJudge(Guard("dataset"), threads=1, target_fpr=0.05)
    strict = BulkJudge(Guard("dataset"), threads=1, target_fpr=0.01)
    assert loose.default is not None
    assert strict.default is not None
    assert loose.default < strict.default
    assert strict([exchange({"text": "a calm day"}, Columns())], threshold=0.0)[0].verdict.findings
    for judge in (loose, strict):
        judge.close()
