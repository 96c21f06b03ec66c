"""`python -m headgate.models.train`: the recipe's command line until `headgate train` runs it."""

from __future__ import annotations

from pathlib import Path

import click

from .recipe import TrainOptions, train


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--minutes", type=float, default=60.0)
@click.option("--resume", is_flag=True)
def main(data: Path, out: Path, minutes: float, resume: bool) -> None:
    """Train the embedded text model."""
    click.echo(train(TrainOptions(data=data, out=out, minutes=minutes, resume=resume)))


if __name__ == "__main__":
    main()
