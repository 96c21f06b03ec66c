"""`headgate policy diff` and `replay`: recorded traffic under another policy, and a verdict made again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ...models.errors import InputError
from .shared import console, json_option, model_option, open_guard

if TYPE_CHECKING:
    from ...policies.diff import Difference, Pair, Share, Side
    from ...policies.verdict import Action
    from ..guard import Guard
    from ..traffic import Traffic

DIFFERS = 1
"""The exit code where policies differ, or a verdict came out otherwise."""


@click.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--on", "file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Recorded traffic (JSONL)."
)
@model_option()
@json_option()
@click.pass_context
def diff(ctx: click.Context, before: str, after: str, file: Path, model: str | None, as_json: bool) -> None:
    """Compare two policies on recorded traffic.

    What would be newly blocked or allowed, by category and tenant, with 95 % intervals and examples by their ids. What
    the lists of a policy find in texts is known only where content was recorded and its key is set, and what own
    categories find by meaning only where a policy that was in force had such categories too, and with the same model.
    Exits 1 where they differ.
    """
    from ...policies.diff import compare

    with open_guard(ctx, policy=before, model=model) as guard:
        other = guard.under(after)
        sides = guard.side(), other.side()
        known, unknown = _comparable(file, *sides)
        found = compare(*sides, known, unknown=unknown)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _print(found)
    ctx.exit(DIFFERS if found.same < found.exchanges else 0)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option()
@click.pass_context
def shadow(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Report what a shadow policy did otherwise, from the traffic that it was tried on.

    The report of `policy diff`, from what was compared while it happened: no model, key or policy is needed. Exits 1
    where they differ.
    """
    from ..traffic import shadowed

    reports = shadowed(file)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"shadows": reports}) + b"\n")
    elif not reports:
        click.echo(f"{file}: no exchange was tried on a shadow policy")
    else:
        for found in reports:
            _print(found)
    ctx.exit(DIFFERS if any(found.same < found.exchanges for found in reports) else 0)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--id", "identity", help="One exchange; all where it is left out.")
@click.option("--policy", required=True, metavar="NAME|FILE", help="The policy that was in force.")
@model_option()
@json_option()
@click.pass_context
def replay(ctx: click.Context, file: Path, identity: str | None, policy: str, model: str | None, as_json: bool) -> None:
    """Make recorded verdicts again, from scores and sealed content.

    Needs HEADGATE_TRAFFIC_KEY and no model's judgement. Each verdict is held against its record byte for byte; exits 1
    where one differs.
    """
    outcomes = []
    with open_guard(ctx, policy=policy, model=model) as guard:
        for record in _chosen(file, identity):
            outcomes.append(_again(guard, record))
    for one in outcomes:
        if not as_json:
            click.echo(f"{one['id']}: {'the same, byte for byte' if one['same'] else one['why']}")
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"exchanges": outcomes}) + b"\n")
    ctx.exit(0 if all(one["same"] for one in outcomes) else DIFFERS)


def _again(guard: Guard, record: Traffic) -> dict[str, object]:
    from ..tape import replay as made_again
    from ..traffic import opened, traffic_key

    tape = opened(record, traffic_key())
    placed = guard.within(record.context)
    rules = msgspec.structs.replace(placed.rules.within(record.context), models=record.verdict.models)
    if rules.policy.hash != record.verdict.policy_hash:
        why = f"another policy: {record.verdict.policy_hash} was in force, this is {rules.policy.hash}"
        return {"id": record.id, "same": False, "why": why}
    finder = rules.finder
    if finder is not None and finder.reader and any(one.reader not in ("", finder.reader) for one in tape.looked):
        why = "another text model told what the texts are about: give the one that was loaded, by --model"
        return {"id": record.id, "same": False, "why": why}
    try:
        verdict = made_again(tape, rules).verdict
    except InputError as error:
        return {"id": record.id, "same": False, "why": str(error)}
    same = verdict.to_json() == record.verdict.to_json()
    why = "" if same else f"differs: it was {record.verdict.action}, and is {verdict.action}"
    return {"id": record.id, "same": same, "why": why, "verdict": verdict}


def _chosen(file: Path, identity: str | None) -> Iterator[Traffic]:
    from ..traffic import read_traffic

    found = False
    for record in read_traffic(file):
        if identity is None or record.id == identity:
            found = True
            yield record
    if identity is not None and not found:
        raise InputError(f"{file} holds no exchange with the id {identity}")


def _comparable(file: Path, before: Side, after: Side) -> tuple[list[Pair], int]:
    """The exchanges that both policies can be asked about, and how many cannot: lists need content or its meaning."""
    from ...policies.diff import Pair
    from ..traffic import opened, read_traffic, seen_of, traffic_key, untried

    key, known, unknown = traffic_key(), [], 0
    for record in read_traffic(file):
        recorded = seen_of(record)
        sides = [side if _looks_anew(side, before, record) else None for side in (before, after)]
        looked = opened(record, key).looked if any(sides) and record.sealed and key is not None else []
        if any(untried(record, side, looked) for side in sides if side):
            unknown += 1
            continue
        seen = [seen_of(record, side=side, looked=looked) if side else recorded for side in sides]
        known.append(Pair(before=seen[0], after=seen[1]))
    return known, unknown


def _looks_anew(side: Side, before: Side, record: Traffic) -> bool:
    """Whether what the policy's lists find is not what was recorded: that was the finding of the policy in force."""
    policy, first = side.within(record.context), before.within(record.context)
    if not policy.seeks or policy.hash == record.verdict.policy_hash:
        return False
    same = (policy.lists, policy.custom, policy.pii) == (first.lists, first.custom, first.pii)
    return not (same and first.hash == record.verdict.policy_hash)


def _print(found: Difference) -> None:
    from rich.markup import escape

    out = console()
    out.print(f"{found.before} -> {found.after}, {found.exchanges} exchanges, {found.same} alike")
    for title, share, kind in (
        ("newly blocked", found.newly_blocked, "newly_blocked"),
        ("newly allowed", found.newly_allowed, "newly_allowed"),
        ("otherwise changed", found.other, "other"),
    ):
        out.print(f"[bold]{title}[/bold]: {_share(share)}")
        for name, counts in (("category", found.by_category), ("tenant", found.by_tenant)):
            words = ", ".join(f"{key} {count}" for key, count in counts.get(kind, {}).items())
            if words:
                out.print(escape(f"  by {name}: {words}"))
        for one in found.examples.get(kind, ()):
            why = f" in {one.part} ({one.category}, {one.rule})" if one.part else ""
            came = f"{_came_to(one.before, one.before_draws)} -> {_came_to(one.after, one.after_draws)}"
            out.print(escape(f"  {one.id}: {came}{why}"))
    if any(found.draws.values()):
        out.print(f"answers looked at: {found.draws['before']} -> {found.draws['after']}")
    if any(found.open.values()):
        both = f"{found.open['before']} -> {found.open['after']}"
        out.print(f"exchanges in which another answer would be drawn, which nobody knows: {both}")
    if found.unknown:
        out.print(f"{found.unknown} exchanges were recorded without content or its meaning, which the policy needs")


def _came_to(action: Action, draws: int) -> str:
    return str(action) if draws <= 1 else f"{action} at answer {draws}"


def _share(share: Share) -> str:
    return f"{share.count} ({share.share:.2%}, {share.low:.2%} to {share.high:.2%})"
