"""`headgate train`: the recipe of the embedded text model."""

from __future__ import annotations

from pathlib import Path

import click

from ...models.errors import ConfigError, ModelUnavailable

_PIP = "training needs torch and transformers: pip install 'headgate[train]'"


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Rows.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where weights go.")
@click.option(
    "--base", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The encoder to start from."
)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint.")
def train(data: Path, out: Path, base: Path | None, minutes: float, threads: int, seed: int, resume: bool) -> None:
    """Train the text model on the rows of a folder."""
    try:
        from ...models.train.recipe import TrainOptions
        from ...models.train.recipe import train as run
    except ImportError as error:
        raise ModelUnavailable(_PIP) from error
    options = TrainOptions(data=data, out=out, base=base, minutes=minutes, threads=threads, seed=seed, resume=resume)
    try:
        click.echo(run(options))
    except FileNotFoundError as error:
        raise ConfigError(str(error)) from error
