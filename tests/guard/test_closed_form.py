from __future__ import annotations

import pytest

from headgate.guard.closed_form import expected


@pytest.mark.parametrize(
    ("unsafe", "rounds", "delivered", "refused", "calls"),
    [
        (0.02, 1, 0.0014, 0.094, 1.0),
        (0.5, 5, 0.068, 0.032, 1.95),
        (0.9, 5, 0.231, 0.430, 3.67),
        (0.98, 5, 0.288, 0.634, 4.20),
    ],
)
def test_it_gives_the_published_table(
    unsafe: float, rounds: int, delivered: float, refused: float, calls: float
) -> None:
    law = expected(unsafe=unsafe, recall=0.93, false_alarms=0.077, rounds=rounds)
    assert law.unsafe_delivered == pytest.approx(delivered, abs=6e-4)
    assert law.refused == pytest.approx(refused, abs=6e-4)
    assert law.calls == pytest.approx(calls, abs=6e-3)


def test_a_guard_that_rejects_everything_refuses_everything() -> None:
    law = expected(unsafe=1.0, recall=1.0, false_alarms=1.0, rounds=5)
    assert (law.unsafe_delivered, law.refused, law.calls) == (0.0, 1.0, 5.0)
