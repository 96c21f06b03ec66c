from __future__ import annotations

from pathlib import Path

import pytest

from headgate.gateway.auth import KeyBook, secret_of, without_secret
from headgate.guard.guard import Guard
from headgate.guard.keys import create_key, revoke_key
from headgate.guard.limit import parse_limits
from headgate.models.errors import ConfigError
from headgate.models.fakes import FakeClassifier

LIMITS = parse_limits(["requests=60/m", "tokens=100/m"])


def under(policy: str) -> Guard:
    return Guard(policy, FakeClassifier())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"authorization", b"Bearer hg_abc"),
        (b"authorization", b"bearer  hg_abc"),
        (b"x-api-key", b"hg_abc"),
        (b"api-key", b"hg_abc"),
        (b"x-headgate-key", b"hg_abc"),
    ],
)
def test_a_key_is_found_wherever_a_dialect_puts_it_and_goes_no_further(name: bytes, value: bytes) -> None:
    headers = [(b"accept", b"*/*"), (name, value)]
    assert secret_of({"headers": headers}) == "hg_abc"
    assert without_secret(headers) == [(b"accept", b"*/*")]


def test_a_key_for_upstream_is_left_alone() -> None:
    headers = [(b"authorization", b"Bearer sk-abc"), (b"x-headgate-key", b"hg_abc")]
    assert secret_of({"headers": headers}) == "hg_abc"
    assert without_secret(headers) == headers[:1]
    assert secret_of({"headers": headers[:1]}) is None


def test_a_caller_has_its_keys_limits_its_tenants_and_the_gateways_where_neither_says_another(path: Path) -> None:
    made = create_key(path, tenant="acme", policy="strict", limits=["requests=5/m"])
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    text = path.read_text("utf-8").replace("tenants: {}", "tenants: {acme: {limits: [tokens=7/m]}}")
    path.write_text(text, "utf-8")
    known = KeyBook(path, under=under, limits=LIMITS).find(made.secret)
    assert known is not None
    assert [str(limit) for limit in known.caller.own] == ["requests=5/m"]
    assert [str(limit) for limit in known.caller.shared] == ["tokens=7/m", "requests=60/m"]
    assert known.guard is not None
    assert known.guard.policy.name == "strict"


def test_changes_are_noticed_and_a_broken_file_changes_nothing(path: Path) -> None:
    first = create_key(path, tenant="acme")
    book = KeyBook(path, under=under)
    second = create_key(path, tenant="acme")
    revoke_key(path, first.key.id)
    book.look()
    assert book.find(first.secret) is None
    assert book.find(second.secret) is not None
    good = path.read_text("utf-8")
    path.write_text("{", "utf-8")
    book.look()
    assert book.fault is not None
    assert book.find(second.secret) is not None
    path.write_text(good, "utf-8")
    book.look()
    assert book.fault is None


def test_a_file_that_is_wrong_from_the_start_stops_the_start(path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read keys"):
        KeyBook(path, under=under)
    create_key(path, tenant="acme", policy="no-such-policy")
    with pytest.raises(ConfigError, match="no-such-policy"):
        KeyBook(path, under=under)
