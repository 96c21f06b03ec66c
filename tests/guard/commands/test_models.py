from __future__ import annotations

import json

import pytest

from headgate.models import registry

from .shell import headgate

NAMES = [info.name for info in registry.listing()]
embedded = pytest.mark.skipif(not NAMES, reason="no model in this tree")


def test_models_are_listed_with_modality_and_digest() -> None:
    found = headgate("models", "list", "--json")
    assert found.exit_code == 0
    listed = json.loads(found.stdout)["models"]
    assert [model["name"] for model in listed] == NAMES
    assert all(len(model["sha256"]) == 64 and model["modality"] for model in listed)
    assert headgate("models", "list").exit_code == 0


@embedded
def test_a_model_is_shown_with_its_card_and_manifest() -> None:
    manifest = json.loads(headgate("models", "show", NAMES[0], "--json").stdout)
    assert manifest["name"] == NAMES[0]
    assert headgate("models", "show", NAMES[0]).output.strip()


@embedded
def test_what_is_shipped_is_what_its_manifest_says() -> None:
    found = headgate("models", "verify", "--json")
    assert [model["ok"] for model in json.loads(found.stdout)["models"]] == [True] * len(NAMES)
    assert "files match" in headgate("models", "verify").output


def test_a_model_that_is_not_there_is_bad_usage() -> None:
    for command in ("show", "verify"):
        found = headgate("models", command, "no-such-model")
        assert found.exit_code == 2
        assert "no model 'no-such-model'" in found.stderr


def test_guards_are_listed_as_available_by_configuration_with_what_they_need() -> None:
    guards = {guard["name"]: guard for guard in json.loads(headgate("models", "list", "--json").stdout)["guards"]}
    assert guards["qwen3guard-gen"]["licence"] == "Apache-2.0"
    assert guards["llavaguard"]["reads"] == ["image"]
    shown = headgate("models", "list").output
    assert "available by configuration" in shown
    assert "beaver-dam-7b" in shown
