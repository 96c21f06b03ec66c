from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.limit import LONGEST, NAMES, Limit, parse_limit, parse_limits
from headgate.models.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("requests=60/m", Limit(name="requests", amount=60, period=60)),
        ("tokens=100000/h", Limit(name="tokens", amount=100_000, period=3600)),
        ("money=2.5/d", Limit(name="money", amount=2.5, period=86400)),
        ("variants=20/10m", Limit(name="variants", amount=20, period=600)),
        (" requests=0/30s ", Limit(name="requests", amount=0, period=30)),
    ],
)
def test_a_limit_is_read_as_it_is_written(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    [
        "requests",
        "requests=60",
        "requests=60/",
        "requests=-1/m",
        "requests=1.5/m",
        "variants=0.5/h",
        "calls=1/m",
        "requests=60/0s",
        "requests=60/400d",
        "requests=sixty/m",
        "requests=60/m/m",
        "requests=1e9/m",
        "requests=٣/m",
        "=1/m",
    ],
)
def test_what_is_no_limit_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ConfigError, match=r"requests|period"):
        parse_limit(text)


@given(
    name=st.sampled_from(NAMES),
    amount=st.integers(0, 10**9),
    count=st.integers(1, 366),
    unit=st.sampled_from([1.0, 60.0, 3600.0, 86400.0]),
)
def test_what_is_written_out_reads_back_the_same(name: str, amount: int, count: int, unit: float) -> None:
    limit = Limit(name=name, amount=amount, period=min(count * unit, LONGEST))  # type: ignore[arg-type]
    assert parse_limit(str(limit)) == limit


def test_a_limit_stands_once() -> None:
    assert len(parse_limits(["requests=60/m", "requests=1000/h", "tokens=1/m"])) == 3
    with pytest.raises(ConfigError, match="same period"):
        parse_limits(["requests=60/m", "requests=1/60s"])
