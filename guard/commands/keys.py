"""`headgate keys`: make, list and revoke the API keys that a gateway takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ...models.errors import ConfigError
from .shared import Group, console, json_option

if TYPE_CHECKING:
    from ..keys import Key

_FILE = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default="keys.yaml",
    show_default=True,
    envvar="HEADGATE_KEYS",
    help="The file of keys; HEADGATE_KEYS names it too.",
)


@click.group(cls=Group)
def keys() -> None:
    """API keys of tenants, for `headgate serve --keys FILE`."""


@keys.command()
@_FILE
@click.option("--tenant", required=True, metavar="NAME", help="Whose key it is.")
@click.option("--policy", metavar="NAME|FILE", help="The policy of this key, in place of the gateway's.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=N/PERIOD", help="As requests=60/m; repeatable.")
@click.option("--note", default="", help="A word to know it by.")
@json_option()
def create(path: Path, tenant: str, policy: str | None, limits: tuple[str, ...], note: str, as_json: bool) -> None:
    """Make a key and print it.

    This is the only time it can be seen: the file holds its hash alone.
    """
    from ...policies import load_policy
    from ..keys import create_key

    if policy is not None:
        load_policy(policy)
    made = create_key(path, tenant=tenant, policy=policy, limits=limits, note=note)
    if as_json:
        _write_json({"key": made.secret, **_shown(made.key)})
        return
    click.echo(made.secret)
    click.echo(f"headgate: key {made.key.id} of {tenant} is in {path}; it will not be shown again", err=True)


@keys.command("list")
@_FILE
@json_option()
def list_(path: Path, as_json: bool) -> None:
    """Name the keys of a file, by id, tenant and what holds for them."""
    from ..keys import read_keys

    found = read_keys(path).keys
    if as_json:
        _write_json({"keys": [_shown(key) for key in found]})
        return
    from rich.table import Table

    table = Table("id", "tenant", "policy", "limits", "created", "revoked", "note", box=None, pad_edge=False)
    for key in found:
        table.add_row(
            key.id, key.tenant, key.policy or "", " ".join(key.limits), key.created, key.revoked or "", key.note
        )
    console().print(table)


@keys.command()
@_FILE
@click.argument("ids", nargs=-1, required=True)
@json_option()
def revoke(path: Path, ids: tuple[str, ...], as_json: bool) -> None:
    """Revoke keys by their ids; gateways that run notice within a second."""
    from ..keys import revoke_key

    if not path.exists():
        raise ConfigError(f"there is no file {path}: name it with --file")
    done = [revoke_key(path, identity) for identity in ids]
    if as_json:
        _write_json({"keys": [_shown(key) for key in done]})
        return
    for key in done:
        click.echo(f"{key.id} of {key.tenant}: revoked {key.revoked}")


def _shown(key: Key) -> dict[str, object]:
    """A key without its hash."""
    shown = {name: getattr(key, name) for name in key.__struct_fields__}
    del shown["hash"]
    return shown


def _write_json(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
