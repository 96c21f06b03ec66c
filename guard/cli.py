"""The command line: what needs no server. `headgate serve` joins this group in the gateway's room."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Final

import click

from .commands.shared import Group

_HOMES: Final = {
    "audit": "audit:audit",
    "check": "check:check",
    "eval": "evaluate:evaluate",
    "explain": "explain:explain",
    "filter": "filter:filter_",
    "keys": "keys:keys",
    "models": "models:models",
    "policy": "policy:policy",
    "tag": "tag:tag",
    "train": "train:train",
}
"""Where each command lives among `commands`."""


class _Commands(MutableMapping[str, click.Command]):
    """Commands by name, imported with the first look at them: one command does not wait for the imports of ten."""

    def __init__(self) -> None:
        self._found: dict[str, click.Command | None] = dict.fromkeys(_HOMES)

    def __getitem__(self, name: str) -> click.Command:
        found = self._found[name]
        if found is None:
            home, _, own = _HOMES[name].partition(":")
            found = self._found[name] = getattr(import_module(f".commands.{home}", __package__), own)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@click.group(cls=Group, commands=_Commands(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headgate", message="headgate %(version)s")
def cli() -> None:
    """Safety moderation and guardrails ahead of any chat model."""
