"""`headgate policy show`: a policy as it is written, or all that is in force for a tenant on a route."""

from __future__ import annotations

import sys

import click
import msgspec

from ... import policies
from ...policies.merge import effective as placed_at
from .shared import json_option


@click.command()
@click.argument("name", default="default")
@click.option("--effective", is_flag=True, help="All that is in force, cell by cell, overlays merged.")
@click.option("--tenant", default="", metavar="NAME", help="With the overlays of this tenant.")
@click.option("--route", default="", metavar="PATH", help="With the overlays of this route, as /v1/chat/completions.")
@json_option()
def show(name: str, effective: bool, tenant: str, route: str, as_json: bool) -> None:
    """Print a policy with all it inherits.

    With --tenant or --route the more restrictive of the policy and each overlay holds, and remarks say what became
    stricter by which line.
    """
    compiled = policies.load_policy(name)
    placed = placed_at(compiled, tenant=tenant, route=route)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(placed) + b"\n")
        return
    click.echo(f"# {placed.name}@{placed.hash}")
    for line in policies.changes(compiled, placed):
        click.echo(f"# {line}")
    whole = effective or tenant or route
    click.echo(policies.print_effective(placed) if whole else policies.show(compiled), nl=False)
