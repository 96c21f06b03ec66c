"""`headgate models`: what is shipped, and whether it is what its manifest says."""

from __future__ import annotations

import sys

import click
import msgspec

from ...models import registry
from ...models.exported import is_checkpoint, read
from ...models.manifest import checked_files, sha256
from .shared import Group, console, json_option


@click.group(cls=Group)
def models() -> None:
    """The models that ship with Headgate."""


@models.command("list")
@json_option()
def list_(as_json: bool) -> None:
    """Name every model with its modality, size and digest, and every published guard that can be configured."""
    from ...models.guards.listing import available

    found, guards = registry.listing(), available()
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"models": found, "guards": guards}, enc_hook=str) + b"\n")
        return
    from rich.table import Table

    table = Table("name", "modality", "version", "precision", "licence", "MB", "sha256", box=None, pad_edge=False)
    for info in found:
        size = f"{info.bytes / 1e6:.1f}"
        table.add_row(
            info.name, info.modality, info.version, info.precision, info.licence, size, f"{info.sha256[:12]}…"
        )
    console().print(table)
    others = Table("guard", "reads", "judges", "categories", "size", "licence", "needs", box=None, pad_edge=False)
    for guard in guards:
        others.add_row(
            guard.name, " ".join(guard.reads), guard.judges, str(len(guard.covers)), guard.size, guard.licence,
            " or ".join(guard.needs),
        )  # fmt: skip
    console().print("\navailable by configuration (`models:`, see docs/guards.md)", others, sep="\n", markup=False)


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
    """Hash a model's files, and say what this machine can run models with.

    All models where NAMES is empty. Exits 2 where a file is not what its manifest says.
    """
    from ...models.backends import backends

    checked = [_checked(name) for name in names or [info.name for info in registry.listing()]]
    ways = backends()
    if as_json:
        rows = [{"name": one.name, "digest": one.digest, "ok": True} for one in checked]
        sys.stdout.buffer.write(msgspec.json.encode({"models": rows, "backends": ways}) + b"\n")
        return
    for one in checked:
        click.echo(f"{one.name} {one.version}: {one.files} files match")
    for way in ways:
        state = "runs here" if way.usable else f"does not run here: {way.why}"
        click.echo(f"{way.name}{f' {way.version}' if way.version else ''}: {state}")


class _Checked(msgspec.Struct, frozen=True):
    """A model whose files are those of its manifest."""

    name: str
    version: str
    digest: str
    files: int


def _checked(name: str) -> _Checked:
    folder = registry.resolve(name)
    if is_checkpoint(folder):
        found = read(folder)
        checked_files(folder, found.files)
        return _Checked(found.name, found.version, sha256(folder / "manifest.json")[:16], len(found.files))
    weights = registry.verify(name)
    return _Checked(weights.manifest.name, weights.manifest.version, weights.digest, len(weights.manifest.files))
