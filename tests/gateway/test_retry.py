from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.retry import LONGEST, pause, wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.integers(1, 20), st.floats(0, 60), st.floats(0, 1))
def test_each_pause_is_up_to_twice_the_last_and_never_too_long(tries: int, backoff: float, chance: float) -> None:
    seconds = pause(tries, backoff=backoff, wanted=None, chance=chance)
    whole = min(LONGEST, backoff * 2 ** (tries - 1))
    assert seconds is not None
    assert whole / 2 <= seconds <= whole


def test_it_is_never_sooner_than_upstream_wants() -> None:
    assert pause(1, backoff=0.5, wanted=7, chance=0) == 7
    assert pause(4, backoff=2, wanted=7, chance=0) == 16


def test_nobody_waits_longer_than_that() -> None:
    assert pause(1, backoff=0.5, wanted=LONGEST + 1, chance=0) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 GMT"}, 9),
        ({"retry-after": "Thu, 01 Jan 2025 00:00:09 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_what_upstream_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert wanted(headers, now=NOW) == seconds
