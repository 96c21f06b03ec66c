"""The whole command line: the guard's commands and `serve`; the entry point `headgate`."""

from __future__ import annotations

import contextlib
from typing import Any

import click
from click.core import ParameterSource

from ..guard.cli import cli
from .commands.config import config
from .commands.doctor import doctor
from .pauses import held

for _command in (config, doctor):
    cli.add_command(_command)


@cli.command()
@click.option("--config", metavar="FILE", type=click.Path(dir_okay=False), help="Settings; flags override them.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=int, help="Port to listen on.")
@click.option("--upstream", metavar="URL", help="Base URL of an OpenAI-compatible API; a demo answers without one.")
@click.option(
    "--upstream-kind",
    metavar="KIND",
    help="What it is: openai, azure, anthropic, vllm, sglang, ollama, llamacpp or compatible (chat completions alone). "
    "Clients of other protocols are then translated; without it each is passed on in its own.",
)
@click.option("--policy", default="default", show_default=True, metavar="NAME|FILE|off", help="What is thought of it.")
@click.option(
    "--model",
    "--models",
    "model",
    metavar="NAME|DIR|FILE",
    help="A shipped model, a folder of weights, or a YAML file of `models`, in place of the embedded one.",
)
@click.option("--workers", default=1, show_default=True, type=int, help="Processes, each with models of its own.")
@click.option("--record", metavar="FILE|-", help="Append an audit record of every exchange ('-': stderr).")
@click.option("--keys", metavar="FILE", help="API keys; without it nobody needs one (see 'headgate keys').")
@click.option("--limit", "limits", multiple=True, metavar="NAME=N/PERIOD", help="As requests=60/m, for each tenant.")
@click.option("--redis", metavar="URL", help="Where replicas count together, as redis://localhost:6379/0.")
@click.option("--keep-alive", default=5.0, show_default=True, help="Seconds of silence before a stream's comment.")
@click.pass_context
def serve(ctx: click.Context, /, config: str | None, upstream: str | None, **flags: Any) -> None:
    """Stand in front of an OpenAI-compatible API and judge what goes in and what comes out."""
    given = {name: value for name, value in flags.items() if _given(ctx, name)}
    if upstream is not None:
        given["upstream"] = upstream
    with held(), contextlib.ExitStack() as stack:
        try:
            from .origin import Origin, settings_of
            from .serve import serve as run
        except ImportError as error:
            from .loading import lacking

            raise lacking(error) from error
        note = ""
        if upstream is None and not _upstream_in(config):
            from ..examples.demo_upstream import running

            given["upstream"] = stack.enter_context(running())
            given["upstream_kind"] = "compatible"
            note = " (the built-in demo; name yours with --upstream)"
        origin = Origin(file=config, flags=given)
        settings = settings_of(origin)
        behind = ", ".join(settings.upstreams) or f"{settings.base_url}{note}"
        _banner(behind, settings.host, settings.port, settings.policy)
        run(settings, origin=origin)


def main() -> None:
    """The `headgate` command."""
    cli()


def _given(ctx: click.Context, name: str) -> bool:
    """Whether a flag was written: only then does it override the file."""
    return ctx.get_parameter_source(name) is not ParameterSource.DEFAULT


def _upstream_in(config: str | None) -> bool:
    """Whether a file of settings names an upstream."""
    if config is None:
        return False
    from .settings_file import load_values

    return bool({"upstream", "upstreams"} & load_values(config).keys())


def _banner(upstream: str, host: str, port: int, policy: str) -> None:
    click.echo(f"headgate: http://{host}:{port}/v1 guards {upstream} with the policy {policy}", err=True)


if __name__ == "__main__":
    main()
