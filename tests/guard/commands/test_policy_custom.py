from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.guard.cli import cli

from .shell import headgate

MINE = """version: 1
extends: default
custom:
  bets:
    examples: ["Which team should I bet on?", "What odds has the derby?", "How do bookmakers set odds?"]
    direction: input
  court: {description: questions about courts, direction: input, threshold: 0.3}
  words: {examples: [a bet], by: words}
"""


def test_examples_are_looked_for_again_and_other_thresholds_are_told(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "mine.yaml").write_text(MINE)
    found = CliRunner().invoke(cli, ["policy", "custom", str(tmp_path / "mine.yaml"), "--json"], catch_exceptions=False)
    bets, court = json.loads(found.stdout)["custom"]
    assert (bets["name"], bets["direction"], bets["threshold"], bets["others"]) == ("bets", "input", 0.5, 400)
    assert (bets["examples"], bets["found"] + len(bets["missed"])) == (3, 3)
    assert 1 <= bets["alarms"] <= 4
    alarms = [one["alarms"] for one in bets["at"]]
    assert alarms == sorted(alarms, reverse=True)
    assert (court["name"], court["examples"], court["threshold"]) == ("court", 1, 0.3)
    told = CliRunner().invoke(cli, ["policy", "custom", str(tmp_path / "mine.yaml")]).stdout
    assert "custom.court, input, threshold 0.3: one example" in told


def test_a_policy_without_such_categories_says_so_and_a_model_that_does_not_tell_is_named(tmp_path: Path) -> None:
    assert "no categories of its own" in headgate("policy", "custom", "default").stdout
    (tmp_path / "mine.yaml").write_text(MINE)
    failed = headgate("policy", "custom", tmp_path / "mine.yaml")
    assert (failed.exit_code, "no loaded model tells" in failed.stderr) == (2, True)
