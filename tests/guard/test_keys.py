from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
import yaml

from headgate.guard.keys import PREFIX, KeyRing, NewKey, create_key, read_keys, revoke_key
from headgate.models.errors import ConfigError

NONE: dict[str, str] = {}


def make(path: Path, tenant: str = "acme", **more: object) -> NewKey:
    return create_key(path, tenant=tenant, environment=NONE, **more)  # type: ignore[arg-type]


def ring(path: Path) -> KeyRing:
    return KeyRing(read_keys(path), environment=NONE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


def test_a_key_opens_with_its_secret_alone(path: Path) -> None:
    made, other = make(path, policy="strict", limits=["requests=60/m"]), make(path, tenant="other")
    assert made.secret.startswith(PREFIX)
    found = ring(path).find(made.secret)
    assert found == made.key
    assert (found.tenant, found.policy, found.limits) == ("acme", "strict", ("requests=60/m",))
    assert ring(path).find(other.secret) == other.key
    for wrong in ("", PREFIX, made.secret[:-1], made.secret + "x", made.key.hash, made.key.id, "hg_\udcff"):
        assert ring(path).find(wrong) is None


def test_the_file_holds_no_secret_and_is_for_its_owner_alone(path: Path) -> None:
    made = make(path)
    text = path.read_text("utf-8")
    assert made.secret not in text
    assert made.secret.removeprefix(PREFIX) not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_revoked_key_opens_nothing_and_is_still_listed(path: Path) -> None:
    made = make(path)
    revoked = revoke_key(path, made.key.id, environment=NONE)
    assert revoked.revoked is not None
    assert ring(path).find(made.secret) is None
    assert [key.id for key in read_keys(path).keys] == [made.key.id]
    assert revoke_key(path, made.key.id, environment=NONE) == revoked


def test_revoking_a_key_that_is_not_there_is_told(path: Path) -> None:
    make(path)
    with pytest.raises(ConfigError, match="no key has the id"):
        revoke_key(path, "k1", environment=NONE)


def test_the_same_key_has_another_hash_in_another_file(path: Path, tmp_path: Path) -> None:
    made = make(path)
    other = tmp_path / "other.yaml"
    make(other)
    assert ring(other).find(made.secret) is None
    assert read_keys(path).salt != read_keys(other).salt


def test_a_file_made_with_another_hash_key_is_refused_not_silently_empty(path: Path) -> None:
    environment = {"HEADGATE_HASH_KEY": "one"}
    made = create_key(path, tenant="acme", environment=environment)
    assert KeyRing(read_keys(path), environment=environment).find(made.secret) is not None
    with pytest.raises(ConfigError, match="HEADGATE_HASH_KEY"):
        ring(path)
    with pytest.raises(ConfigError, match="HEADGATE_HASH_KEY"):
        create_key(path, tenant="acme", environment={"HEADGATE_HASH_KEY": "two"})


def test_tenants_are_written_by_hand_and_survive_a_new_key(path: Path) -> None:
    make(path)
    raw = yaml.safe_load(path.read_text("utf-8"))
    raw["tenants"] = {"acme": {"limits": ["tokens=1000/h"], "policy": "strict"}}
    path.write_text(yaml.safe_dump(raw), "utf-8")
    make(path)
    assert ring(path).tenant("acme").limits == ("tokens=1000/h",)
    assert ring(path).tenant("unknown").limits == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 1"),
        ({"keys": [{"id": "k"}]}, "missing required field"),
        ({"surprise": 1}, "unknown field"),
        ({"tenants": {"a b": {}}}, "no tenant"),
        ({"tenants": {"a": {"limits": ["nonsense"]}}}, "is no limit"),
    ],
)
def test_a_file_that_says_something_else_is_refused_in_words(path: Path, change: dict[str, object], words: str) -> None:
    make(path)
    raw = yaml.safe_load(path.read_text("utf-8")) | change
    path.write_text(yaml.safe_dump(raw), "utf-8")
    with pytest.raises(ConfigError, match=words):
        ring(path)


@pytest.mark.parametrize("text", ["{", "", "- a", "\x00", "salt: &a [*a]"])
def test_a_file_that_is_none_is_refused(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"keys\.yaml"):
        read_keys(path)


@pytest.mark.parametrize("tenant", ["", "a b", "a/b", "ä", "x" * 65, "{a}"])
def test_a_tenants_name_is_plain(path: Path, tenant: str) -> None:
    with pytest.raises(ConfigError, match="tenant"):
        make(path, tenant=tenant)
    assert not path.exists()


def _make_one(path: str) -> str:
    return create_key(Path(path), tenant="acme", environment=NONE).key.id


def test_keys_made_at_the_same_time_are_all_kept(path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        made = pool.map(_make_one, [str(path)] * 12)
    assert sorted(key.id for key in read_keys(path).keys) == sorted(made)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(path: Path) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot write"):
        make(path)
