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
    from ...policies.diff import Difference, Seen, Share
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
    the lists of a policy find in texts is known only where content was recorded and its key is set. Exits 1 where they
    differ.
    """
    from ...policies.diff import compare

    with open_guard(ctx, policy=before, model=model) as guard:
        other = guard.under(after)
        known, unknown = _comparable(file, guard, other)
        found = compare(guard.side(), other.side(), known, unknown=unknown)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _print(found)
    ctx.exit(DIFFERS if found.same < found.exchanges else 0)


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


def _comparable(file: Path, guard: Guard, other: Guard) -> tuple[list[Seen], int]:
    """The exchanges that both policies can be asked about, and how many cannot: lists need contents."""
    from ..traffic import opened, read_traffic, seen_of, traffic_key

    key, known, unknown = traffic_key(), [], 0
    seeks = other.policy.seeks and other.policy.lists != guard.policy.lists
    for record in read_traffic(file):
        if not seeks:
            known.append(seen_of(record))
        elif record.sealed and key is not None:
            known.append(seen_of(record, rules=other.rules, tape=opened(record, key)))
        else:
            unknown += 1
    return known, unknown


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
            out.print(escape(f"  {one.id}: {one.before} -> {one.after} in {one.part} ({one.category}, {one.rule})"))
    if found.unknown:
        out.print(f"{found.unknown} exchanges were recorded without content, which the lists of the policy need")


def _share(share: Share) -> str:
    return f"{share.count} ({share.share:.2%}, {share.low:.2%} to {share.high:.2%})"
