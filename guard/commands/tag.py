"""`headgate tag`: keeps every row and writes its verdict beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from ..files import STDIN
from .batch import ROWS_IN_ERRORS, batch_options, opened, policy_of, start


@click.command("tag")
@click.argument("inputs", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FOLDER|-", help="A folder, or '-' for stdout.")
@batch_options
@click.pass_context
def tag(ctx: click.Context, /, inputs: tuple[str, ...], output: str, **options: Any) -> None:
    """Keep all rows, with verdict columns.

    As `filter`, with one output, tagged.*. Exits 0; 1 where rows could not be read; 2 on bad usage; 4 where the run
    ended early and --resume goes on.
    """
    if output == STDIN:
        _to_stdout(ctx, inputs, options)
        return
    start(ctx, inputs=inputs, output=output, tag=True, options=options)


def _to_stdout(ctx: click.Context, inputs: tuple[str, ...], options: dict[str, Any]) -> None:
    """Shards go out as they are done, in order; rows that could not be read go to stderr."""
    from ..filter.run import reading_of
    from ..filter.start import Asked, checked
    from ..filter.store import SHARDS, begin_scratch

    for name in ("as_json", "dry_run", "quiet"):
        options.pop(name)
    options["policy"] = policy_of(options)
    errors = 0
    with TemporaryDirectory() as folder:
        asked = checked(Asked(inputs=inputs, output=folder, tag=True, **options))
        begin_scratch(Path(folder))
        with opened(ctx, asked) as job:
            for marker in job.engine(reading_of(job)):
                errors += marker.counts.bins["errors"]
                for piece, _ in marker.pieces.values():
                    path = Path(folder) / SHARDS / piece
                    out = sys.stdout.buffer if ".tagged." in piece else sys.stderr.buffer
                    out.write(path.read_bytes())
                    path.unlink()
                sys.stdout.buffer.flush()
    ctx.exit(ROWS_IN_ERRORS if errors else 0)
