from __future__ import annotations

import pytest
from click.testing import CliRunner

from headgate.gateway.cli import cli


def test_the_guards_commands_and_serve_are_one_command_line() -> None:
    done = CliRunner().invoke(cli, ["--help"])
    for command in ("check", "eval", "filter", "policy", "models", "serve"):
        assert command in done.output


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--upstream", "nonsense"], "upstream must be a URL"),
        (["--upstream", "http://x", "--workers", "0"], "workers must be from 1 to 256"),
        (["--upstream", "http://x", "--upstream-kind", "foo"], "--upstream-kind) must be one of native, compatible"),
        (["--upstream", "http://x", "--upstream-kind", "foo", "--workers", "2"], "--upstream-kind) must be one of"),
        (["--upstream", "http://x", "--policy", "no-such-policy"], "no-such-policy"),
    ],
)
def test_a_wrong_flag_is_one_line_and_code_2(flags: list[str], words: str) -> None:
    done = CliRunner().invoke(cli, ["serve", *flags])
    assert done.exit_code == 2
    assert words in done.output
    assert "Traceback" not in done.output
