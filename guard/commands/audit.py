"""`headgate audit`: whether a trail of records is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from ..audit import audit_key
from ..audit import verify as follow
from ..trail import trail_files
from .shared import Group, json_option

BROKEN: Final = 1
"""The exit code where a line does not fit."""


@click.group(cls=Group)
def audit() -> None:
    """Audit records: sealed lines, one an exchange."""


@audit.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--records", type=int, metavar="N", help="How many there must be at least, noted elsewhere.")
@json_option()
@click.pass_context
def verify(ctx: click.Context, file: Path, records: int | None, as_json: bool) -> None:
    """Follow the chain of seals through a trail, with what was rotated away (FILE.1, FILE.2 …).

    Names the first line that was changed, moved, added, or before which lines are missing. The key is taken from
    HEADGATE_AUDIT_KEY or HEADGATE_HASH_KEY. Exits 0 where the trail is whole, 1 where it is not.
    """
    found = follow(trail_files(file), key=audit_key())
    count = 0 if found.last is None else found.last + 1
    short = records is not None and count < records
    if as_json:
        whole = found.fault is None and not short
        sys.stdout.buffer.write(msgspec.json.encode({"whole": whole, "found": found}) + b"\n")
    elif found.fault is not None:
        click.echo(f"{found.fault.file}:{found.fault.line}: {found.fault.reason}")
    elif short:
        click.echo(f"{file}: {count} records, and there were {records}: the newest are missing")
    else:
        kept = f"records {found.first} to {found.last}" if found.lines else "no records"
        click.echo(f"{file}: whole, {kept}, last seal {found.seal}")
    if not found.keyed and not as_json:
        click.echo("no key is set: loss shows, forgery does not", err=True)
    ctx.exit(BROKEN if found.fault is not None or short else 0)
