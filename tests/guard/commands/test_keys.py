from __future__ import annotations

import json
from pathlib import Path

from headgate.guard.keys import KeyRing, read_keys

from .shell import headgate


def test_a_key_is_printed_once_and_opens(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    done = headgate(
        "keys", "create", "--file", file, "--tenant", "acme", "--policy", "strict", "--limit", "requests=60/m"
    )
    assert done.exit_code == 0, done.output
    secret = done.stdout.strip()
    assert KeyRing(read_keys(file)).find(secret) is not None
    assert secret not in headgate("keys", "list", "--file", file).output


def test_json_carries_the_secret_when_it_is_made_and_no_hash_ever(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    made = json.loads(headgate("keys", "create", "--file", file, "--tenant", "acme", "--json").stdout)
    assert made["key"].startswith("hg_")
    (listed,) = json.loads(headgate("keys", "list", "--file", file, "--json").stdout)["keys"]
    assert listed["id"] == made["id"]
    assert "hash" not in listed
    assert "key" not in listed


def test_a_revoked_key_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    made = json.loads(headgate("keys", "create", "--file", file, "--tenant", "acme", "--json").stdout)
    done = headgate("keys", "revoke", "--file", file, made["id"])
    assert done.exit_code == 0
    assert "revoked" in done.output
    assert KeyRing(read_keys(file)).find(made["key"]) is None


def test_faults_are_one_line_and_code_2(tmp_path: Path) -> None:
    file = tmp_path / "keys.yaml"
    create = ("keys", "create", "--file", file, "--tenant", "acme")
    for arguments, words in (
        ((*create, "--limit", "nonsense"), "is no limit"),
        ((*create, "--policy", "no-such-policy"), "no-such-policy"),
        (("keys", "list", "--file", file), "cannot read keys"),
        (("keys", "revoke", "--file", file, "k1"), "there is no file"),
    ):
        done = headgate(*arguments)
        assert done.exit_code == 2
        assert words in done.output
        assert "Traceback" not in done.output
    assert not file.exists()
