"""`headgate doctor`: what is wrong with a set-up, and what to do about it."""

from __future__ import annotations

import sys
from typing import Any, Final

import click
import msgspec

from ...guard.commands.shared import console, json_option
from ...models.errors import ConfigError

FAILED: Final = 1
_DEMO: Final = "http://127.0.0.1:9"
_SIGNS: Final = {"ok": "[green]ok[/green]", "warning": "[yellow]warning[/yellow]", "failed": "[red]failed[/red]"}


@click.command()
@click.option("--config", metavar="FILE", type=click.Path(dir_okay=False), help="The settings to look at.")
@click.option("--upstream", metavar="URL", help="Base URL of the API that is to be guarded.")
@click.option("--policy", metavar="NAME|FILE|off", help="The policy to look at.")
@click.option("--model", metavar="NAME|DIR", help="The model to look at.")
@click.option("--redis", metavar="URL", help="The store to look at.")
@json_option()
@click.pass_context
def doctor(ctx: click.Context, /, config: str | None, as_json: bool, **flags: Any) -> None:
    """Look for what is wrong with a set-up.

    Python, packages, settings, model files, policy, keys, upstream, Redis, limits: each fault with its remedy. Exits 0
    where nothing failed (warnings may stand), 1 where something did.
    """
    from ..doctor import Patient, examine
    from ..origin import Origin, settings_of

    given = {name: value for name, value in flags.items() if value is not None}
    settings, fault, demo = None, None, config is None and "upstream" not in given
    if demo:
        given["upstream"] = _DEMO
    try:
        settings = settings_of(Origin(file=config, flags=given))
    except ConfigError as error:
        fault = str(error)
    checks = examine(Patient(settings=settings, fault=fault, demo=demo))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"checks": checks}) + b"\n")
    else:
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_header=False)
        for check in checks:
            remedy = f"\n[dim]{escape(check.remedy)}[/dim]" if check.remedy else ""
            table.add_row(_SIGNS[check.state], check.name, escape(check.found) + remedy)
        console().print(table)
    ctx.exit(FAILED if any(check.state == "failed" for check in checks) else 0)
