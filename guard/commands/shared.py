"""What several commands share: options, the guard they open, and how failures end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import click

from ...models.errors import HeadgateError

if TYPE_CHECKING:
    from rich.console import Console

    from ...models.assemble import Named
    from ...models.classifier import Classifier
    from ..guard import Guard

F = TypeVar("F", bound=Callable[..., Any])

_WIDTH: Final = 160
"""Columns where the output is not a terminal: wide enough that nothing is cut."""

ACTED: Final = 1
USAGE: Final = 2
NOT_JUDGED: Final = 3

ANSWER_TIMEOUT: Final = 10.0
BULK_TIMEOUT: Final = 600.0
"""Seconds that one judgement may take, where somebody waits for it and where nobody does."""


class Failure(click.ClickException):
    """Ends a command with `headgate: error: …` on stderr and code 2; no traceback."""

    exit_code = USAGE

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line (a policy's faults: one each)."""
        click.echo(f"headgate: error: {self.format_message()}", file=file, err=file is None)


class NotJudgedFailure(Failure):
    """The same with code 3: there was nothing to judge with."""

    exit_code = NOT_JUDGED


class Group(click.Group):
    """A group whose commands may raise anything of our own tree."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a HeadgateError ends it with one line and exit code 2."""
        try:
            return super().invoke(ctx)
        except HeadgateError as error:
            raise Failure(str(error)) from error


def policy_option(default: str) -> Callable[[F], F]:
    """`--policy NAME|FILE`."""
    return click.option(
        "--policy", default=default, show_default=True, metavar="NAME|FILE", help="A shipped policy or a file."
    )


def model_option() -> Callable[[F], F]:
    """`--model NAME|DIR|FILE`."""
    return click.option(
        "--model", "--models", "model", default=None, metavar="NAME|DIR|FILE",
        help="A shipped model, a folder of weights, or a YAML file of `models`.",
    )  # fmt: skip


def map_option() -> Callable[[F], F]:
    """`--map FIELD=COLUMN`."""
    return click.option(
        "--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Where a field stands in the rows; repeatable."
    )


def json_option() -> Callable[[F], F]:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def open_guard(ctx: click.Context, *, policy: str, model: Named | None, timeout: float = ANSWER_TIMEOUT) -> Guard:
    """The guard of a command; the context's object, where there is one, are the classifiers to judge with."""
    from ..guard import Guard
    from ..record import hash_key

    given: Classifier | Sequence[Classifier] | None = ctx.obj
    return Guard(policy, models=model if model is not None else given, hash_key=hash_key(), timeout=timeout)


def console(*, err: bool = False) -> Console:
    """A console on stdout or stderr; without colours and control codes where that is not a terminal."""
    from rich.console import Console

    terminal = (sys.stderr if err else sys.stdout).isatty()
    return Console(stderr=err, highlight=False, width=None if terminal else _WIDTH)
