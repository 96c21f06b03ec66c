"""`headgate filter`: splits a data set by a policy."""

from __future__ import annotations

from typing import Any

import click

from .batch import batch_options, start


@click.command("filter")
@click.argument("inputs", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False), help="A folder.")
@batch_options
@click.option("--annotate", is_flag=True, help="Write verdicts beside kept rows too.")
@click.pass_context
def filter_(ctx: click.Context, /, inputs: tuple[str, ...], output: str, **options: Any) -> None:
    """Sort rows into kept, dropped, review, errors.

    INPUTS are files, folders, globs, URLs, '-' for stdin: JSON lines, CSV, Parquet, Arrow, tar, texts, images, videos.
    Outputs have the input's format. Exits 0; 1 where rows could not be read; 2 on bad usage; 4 where the run ended
    early and --resume goes on.
    """
    start(ctx, inputs=inputs, output=output, tag=False, options=options)
