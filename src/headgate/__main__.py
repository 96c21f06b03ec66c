"""The `headgate` command: the gateway's whole command line, and `headgate export`, which no room may read."""

from __future__ import annotations

from .export.cli import export
from .gateway.cli import main as run
from .guard.cli import cli

cli.add_command(export)


def main() -> None:
    """The entry point."""
    run()


if __name__ == "__main__":
    main()
