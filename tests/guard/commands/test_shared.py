from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from headgate.guard.commands.shared import Group, console, open_guard
from headgate.models.errors import ConfigError, HeadgateError, UpstreamError

from .shell import fake


@pytest.mark.parametrize("error", [ConfigError("port: write 1..65535"), UpstreamError("gone"), HeadgateError("odd")])
def test_an_error_of_ours_is_one_line_and_exit_code_2(error: HeadgateError) -> None:
    @click.group(cls=Group)
    def group() -> None: ...

    @group.command()
    def fail() -> None:
        raise error

    found = CliRunner().invoke(group, ["fail"])
    assert (found.exit_code, found.stderr) == (2, f"headgate: error: {error}\n")


def test_an_error_that_is_not_ours_is_not_hidden() -> None:
    @click.group(cls=Group)
    def group() -> None: ...

    @group.command()
    def fail() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(group, ["fail"]).exception, ZeroDivisionError)


def test_the_context_brings_its_own_classifiers() -> None:
    context = click.Context(click.Command("x"), obj=fake())
    with open_guard(context, policy="strict", model=None) as guard:
        assert guard.rules.models == ("fake@fake0000",)
        assert guard.policy.name == "strict"


def test_output_to_a_file_has_no_control_codes() -> None:
    assert not console().is_terminal
