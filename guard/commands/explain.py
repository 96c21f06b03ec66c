"""`headgate explain`: what a verdict is owed to, and what would have changed it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ...models.content import Part, Text
from ...models.errors import InputError
from ...policies.load import packs
from ...policies.verdict import Verdict
from .shared import console, json_option, model_option, open_guard

if TYPE_CHECKING:
    from ..explain import Explanation, Reason
    from ..guard import Guard
    from ..occlusion import Influence

TOP = 5
"""Stretches of a text that are told."""


@click.command()
@click.argument("verdict", required=False)
@click.option("--id", "identity", help="An exchange of recorded traffic, instead of a verdict.")
@click.option("--on", "file", type=click.Path(dir_okay=False, path_type=Path), help="The recorded traffic (JSONL).")
@click.option("--text", help="The text that the verdict is about: tells which of its words counted.")
@click.option("--policy", metavar="NAME|FILE", help="The policy that was in force; the verdict's where it is shipped.")
@model_option()
@json_option()
@click.pass_context
def explain(
    ctx: click.Context,
    verdict: str | None,
    identity: str | None,
    file: Path | None,
    text: str | None,
    policy: str | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Explain a verdict.

    VERDICT is a file with the JSON of `headgate check --json`, or - for stdin. With --id and --on it is taken from
    recorded traffic, and its text too where it was recorded and HEADGATE_TRAFFIC_KEY is set.
    """
    given, parts = _recorded(file, identity) if identity is not None else (_read(verdict), ())
    with open_guard(ctx, policy=_policy(given, policy), model=model) as guard:
        from ..explain import explain as explained

        found = explained(given, guard.policy)
        texts = _texts(found, parts, text)
        counted = {path: _influences(guard, found, path, part) for path, part in texts.items()}
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"explanation": found, "influences": counted}) + b"\n")
    else:
        _print(found)
        _print_words(counted, texts)


def _read(source: str | None) -> Verdict:
    if source is None:
        raise click.UsageError("give a VERDICT, or --id with --on")
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        body = msgspec.json.decode(data)
        # A record of the audit trail holds its verdict.
        return msgspec.convert(body.get("verdict", body), Verdict)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}", param="verdict") from error
    except (msgspec.DecodeError, msgspec.ValidationError, AttributeError) as error:
        raise InputError(f"{source} is not the JSON of a verdict: {error}", param="verdict") from error


def _recorded(file: Path | None, identity: str) -> tuple[Verdict, tuple[Part, ...]]:
    from ..traffic import opened, read_traffic, traffic_key

    if file is None:
        raise click.UsageError("--id needs --on FILE, the recorded traffic")
    for record in read_traffic(file):
        if record.id == identity:
            key = traffic_key()
            return record.verdict, opened(record, key).prompt if record.sealed and key is not None else ()
    raise InputError(f"{file} holds no exchange with the id {identity}", param="id")


def _policy(verdict: Verdict, given: str | None) -> str:
    if given is not None:
        return given
    if verdict.policy not in packs():
        raise InputError(f"the policy {verdict.policy!r} is not a shipped one: name its file with --policy")
    return verdict.policy


def _texts(found: Explanation, parts: tuple[Part, ...], text: str | None) -> dict[str, Text]:
    """The texts whose words can be told, by the paths of the reasons that speak of them."""
    paths = dict.fromkeys(reason.part for reason in found.reasons if reason.score is not None)
    if text is not None:
        first = next(iter(paths), None)
        return {} if first is None else {first: Text(text=text, path=first)}
    return {part.path: part for part in parts if isinstance(part, Text) and part.path in paths}


def _influences(guard: Guard, found: Explanation, path: str, part: Text) -> tuple[Influence, ...]:
    from ..occlusion import influences

    reason = next(reason for reason in found.reasons if reason.part == path and reason.score is not None)
    return influences(part, reason.category, guard.judge)[:TOP]


def _print(found: Explanation) -> None:
    from rich.markup import escape

    out = console()
    out.print(f"[bold]{found.action}[/bold] by {found.policy}; without what decided it: {found.otherwise}")
    if not found.same_policy:
        out.print("the policy at hand is another version: its lines are not shown")
    for reason in found.reasons:
        out.print(escape(f"{'*' if reason.decisive else '-'} {_line(reason)}"))
        out.print(escape(f"    to change it: {reason.without}"))
    if not found.reasons:
        out.print(f"nothing was found in {found.judged} judged parts")
    for line in found.rounds:
        out.print(escape(f"round {line}"))


def _line(reason: Reason) -> str:
    place = f" ({reason.place})" if reason.place else ""
    if reason.score is None or reason.threshold is None:
        return f"{reason.part} was not judged: {reason.action} by {reason.rule}"
    what = f"{reason.category}, {reason.severity} in {reason.part}"
    spans = f" at {', '.join(f'{start}-{end}' for start, end in reason.spans)}" if reason.spans else ""
    return f"{what}{spans}: {reason.score:.4g} against {reason.threshold:.4g}, {reason.action} by {reason.rule}{place}"


def _print_words(counted: dict[str, tuple[Influence, ...]], texts: dict[str, Text]) -> None:
    from rich.markup import escape

    for path, influences in counted.items():
        for one in influences:
            words = texts[path].text[one.start : one.end]
            console().print(escape(f"    {one.drop:.4f} less without {words!r} ({path}, {one.start}-{one.end})"))
