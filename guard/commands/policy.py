"""`headgate policy`: check, test, print and describe policies."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import click
import msgspec

from ... import policies
from ...models.content import Direction, Role, Text
from ..conversation import message_of, parts_of
from .policy_calibrate import calibrate
from .policy_cases import print_cases
from .policy_custom import custom
from .policy_diff import diff, replay, shadow
from .policy_show import show
from .shared import Group, json_option, model_option, open_guard

if TYPE_CHECKING:
    from ..guard import Guard

FAULTS = 1
"""The exit code where a policy has errors or a case fails."""


@click.group(cls=Group)
def policy() -> None:
    """Policies: the shipped ones and yours."""


@policy.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="For people or CI."
)
@click.option("--with-model", is_flag=True, help="Also warn of categories that no loaded model assesses.")
@model_option()
@json_option()
@click.pass_context
def validate(
    ctx: click.Context, files: tuple[str, ...], form: str, with_model: bool, model: str | None, as_json: bool
) -> None:
    """List every fault of policy files.

    Each as FILE:LINE:COL: message. Exits 1 where there is an error.
    """
    covers = _covers(ctx, model) if with_model or model is not None else None
    found = [(file, policies.validate(file, covers=covers)) for file in files]
    faults = [diagnostic for _, diagnostics in found for diagnostic in diagnostics]
    if form == "sarif":
        _write_json(policies.sarif(faults, version=version("headgate")))
    elif as_json or form == "json":
        _write_json({"diagnostics": faults})
    else:
        for file, diagnostics in found:
            click.echo(policies.render_all(diagnostics) if diagnostics else f"{file}: ok")
    ctx.exit(FAULTS if any(diagnostic.severity == "error" for diagnostic in faults) else 0)


@policy.command()
@click.argument("names", nargs=-1)
@click.option("--no-model", is_flag=True, help="Only the cases that bring their own scores.")
@model_option()
@json_option()
@click.pass_context
def test(ctx: click.Context, names: tuple[str, ...], no_model: bool, model: str | None, as_json: bool) -> None:
    """Run the cases written in policies, and show them as a table.

    NAMES are shipped policies or files; all shipped ones where none is given. Exits 1 where a case fails.
    """
    results: dict[str, list[policies.CaseResult]] = {}
    for name in names or policies.packs():
        if no_model:
            results[name] = policies.run_cases(policies.load_policy(name))
            continue
        with open_guard(ctx, policy=name, model=model) as guard:
            results[name] = policies.run_cases(guard.policy, _judge(guard))
    if as_json:
        _write_json({"policies": results})
    else:
        for name, cases in results.items():
            print_cases(name, cases)
    ctx.exit(FAULTS if any(case.outcome == "failed" for cases in results.values() for case in cases) else 0)


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies."""
    click.echo(msgspec.json.format(msgspec.json.encode(policies.json_schema()), indent=2).decode())


@policy.command("list")
def list_() -> None:
    """Name the shipped policies."""
    for name in policies.packs():
        click.echo(name)


def _covers(ctx: click.Context, model: str | None) -> frozenset[str]:
    """The categories that the loaded models assess."""
    with open_guard(ctx, policy="default", model=model) as guard:
        return frozenset().union(*(classifier.covers for classifier in guard.judging.classifiers))


def _judge(guard: Guard) -> policies.Judge:
    """A case's content judged as what its direction says: a prompt, an answer, a tool's result or a document."""

    def action(case: policies.Case) -> policies.Action:
        if case.response is not None:
            prompt = parts_of([message_of(case.prompt)] if case.prompt else [])
            return guard.conclude(prompt, response=case.response).verdict.action
        if case.direction == Direction.OUTPUT:
            return guard.check(response=case.prompt).action
        if case.direction == Direction.INPUT:
            return guard.check(case.prompt).action
        part = Text(text=case.prompt, role=Role(case.direction), path="case")
        return guard.conclude([part]).verdict.action

    return action


for _command in (calibrate, custom, diff, replay, shadow, show):
    policy.add_command(_command)


def _write_json(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
