"""`headgate train`: the recipe of the embedded text model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...models.errors import ConfigError, ModelUnavailable

_PIP = "training needs torch and transformers: pip install 'headgate[train]'"


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Rows.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where weights go.")
@click.option(
    "--base", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The encoder to start from."
)
@click.option("--rows", type=click.IntRange(min=1), default=280_000, show_default=True, help="Drawn with each seed.")
@click.option("--research", is_flag=True, help="Also learn from rows whose licence forbids commercial use.")
@click.option(
    "--start",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint whose weights to start from, in place of the base's.",
)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option(
    "--seed", "seeds", type=int, multiple=True, default=(7, 11), show_default=True, help="One run each; averaged."
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint.")
def train(resume: bool, **given: Any) -> None:
    """Train the text model on the rows of a folder.

    A bar says how long it will take.
    """
    try:
        from ...models.train.recipe import TrainOptions
        from ...models.train.recipe import train as run
    except ImportError as error:
        raise ModelUnavailable(_PIP) from error
    options = TrainOptions(resume=resume, **given)
    try:
        click.echo(run(options))
    except FileNotFoundError as error:
        raise ConfigError(str(error)) from error
