"""`headgate models`: what is shipped, and whether it is what its manifest says."""

from __future__ import annotations

import sys

import click
import msgspec

from ...models import registry
from .shared import Group, console, json_option


@click.group(cls=Group)
def models() -> None:
    """The models that ship with Headgate."""


@models.command("list")
@json_option()
def list_(as_json: bool) -> None:
    """Name every model with its modality, size and digest."""
    found = registry.listing()
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"models": found}, enc_hook=str) + b"\n")
        return
    from rich.table import Table

    table = Table("name", "modality", "version", "precision", "licence", "MB", "sha256", box=None, pad_edge=False)
    for info in found:
        size = f"{info.bytes / 1e6:.1f}"
        table.add_row(
            info.name, info.modality, info.version, info.precision, info.licence, size, f"{info.sha256[:12]}…"
        )
    console().print(table)


@models.command()
@click.argument("name")
@json_option()
def show(name: str, as_json: bool) -> None:
    """Print a model's card, or its manifest as JSON."""
    weights = registry.verify(name)
    data = msgspec.json.encode(weights.manifest)
    card = weights.file("card.md")
    if as_json:
        sys.stdout.buffer.write(data + b"\n")
    elif card.is_file():
        click.echo(card.read_text("utf-8"))
    else:
        click.echo(msgspec.json.format(data, indent=2))


@models.command()
@click.argument("names", nargs=-1)
@json_option()
def verify(names: tuple[str, ...], as_json: bool) -> None:
    """Hash a model's files.

    All models where NAMES is empty. Exits 2 where a file is not what its manifest says.
    """
    checked = [registry.verify(name) for name in names or [info.name for info in registry.listing()]]
    if as_json:
        rows = [{"name": weights.manifest.name, "digest": weights.digest, "ok": True} for weights in checked]
        sys.stdout.buffer.write(msgspec.json.encode({"models": rows}) + b"\n")
        return
    for weights in checked:
        click.echo(f"{weights.manifest.name} {weights.manifest.version}: {len(weights.manifest.files)} files match")
