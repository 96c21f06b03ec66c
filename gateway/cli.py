"""The whole command line: the guard's commands and `serve`; the entry point `headgate`."""

from __future__ import annotations

from typing import Any

import click

from ..guard.cli import cli
from ..models.errors import ConfigError


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=int, help="Port to listen on.")
@click.option("--upstream", metavar="URL", help="Base URL of an OpenAI-compatible API; a demo answers without one.")
@click.option("--policy", default="default", show_default=True, metavar="NAME|FILE|off", help="What is thought of it.")
@click.option(
    "--model", metavar="NAME|DIR", help="A shipped model or a folder of weights, in place of the embedded one."
)
@click.option("--workers", default=1, show_default=True, type=int, help="Processes, each with models of its own.")
@click.option("--record", metavar="FILE|-", help="Append an audit record of every exchange ('-': stderr).")
@click.option("--keep-alive", default=5.0, show_default=True, help="Seconds of silence before a stream's comment.")
def serve(upstream: str | None, **flags: Any) -> None:
    """Stand in front of an OpenAI-compatible API and judge what goes in and what comes out."""
    try:
        from .config import Settings, with_keys
        from .serve import serve as run
    except ImportError as error:
        raise ConfigError(f"{error.name} is not installed: pip install 'headgate[cpu,gateway]'") from error
    if upstream is not None:
        settings = with_keys(Settings(upstream=upstream, **flags))
        _banner(settings.base_url, settings.host, settings.port, settings.policy)
        run(settings)
        return
    from ..examples.demo_upstream import running

    with running() as demo:
        settings = Settings(upstream=demo, **flags)
        _banner(
            f"{demo} (the built-in demo; name yours with --upstream)", settings.host, settings.port, settings.policy
        )
        run(settings)


def main() -> None:
    """The `headgate` command."""
    cli()


def _banner(upstream: str, host: str, port: int, policy: str) -> None:
    click.echo(f"headgate: http://{host}:{port}/v1 guards {upstream} with the policy {policy}", err=True)


if __name__ == "__main__":
    main()
