from __future__ import annotations

import subprocess
import sys

import pytest

from headgate.guard.cli import cli

from .commands.shell import headgate

NAMES = ["check", "eval", "filter", "models", "policy", "tag", "train"]


def test_every_command_is_there() -> None:
    assert sorted(set(cli.commands) & set(NAMES)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str) -> None:
    found = headgate(name, "--help")
    assert found.exit_code == 0
    assert found.output.startswith("Usage: ")


def test_short_helps_are_whole_sentences() -> None:
    assert [name for name in NAMES if cli.commands[name].get_short_help_str(60).endswith("...")] == []


def test_an_unknown_command_is_bad_usage() -> None:
    assert headgate("chekc").exit_code == 2


def test_the_version_is_printed_by_a_real_process() -> None:
    code = "from headgate.guard.cli import cli; cli(['--version'], prog_name='headgate')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "headgate 0.1.0\n"
