"""`headgate config`: check and describe headgate.yaml."""

from __future__ import annotations

import sys

import click
import msgspec

from ...guard.commands.shared import Group, json_option

FAULTS = 1
"""The exit code where a file has errors."""


@click.group(cls=Group)
def config() -> None:
    """The gateway's configuration file."""


@config.command()
@click.argument("files", nargs=-1, required=True)
@json_option()
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """List every fault of configuration files and of the policies that they name.

    Each as FILE:LINE:COL: message. Exits 1 where there is an error.
    """
    from ...policies.diagnostics import errors, render_all
    from ..settings_file import check_file

    found = [(file, check_file(file)) for file in files]
    faults = [diagnostic for _, diagnostics in found for diagnostic in diagnostics]
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"diagnostics": faults}) + b"\n")
    else:
        for file, diagnostics in found:
            click.echo(render_all(diagnostics) if diagnostics else f"{file}: ok")
    ctx.exit(FAULTS if errors(faults) else 0)


@config.command()
def schema() -> None:
    """Print the JSON Schema of the configuration file."""
    from ..settings_file import json_schema

    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())
