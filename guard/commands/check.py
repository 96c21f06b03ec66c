"""`headgate check`: the verdict about one text, answer or conversation."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO, Any, Literal, cast

import click
import msgspec

from ...models.content import Part, Purpose
from ...models.errors import InputError, NotJudged
from ...policies.verdict import Action, Finding, Verdict
from ..audit import audit_key
from ..conversation import message_of, parts_of
from ..effects import Finish
from ..record import Record, Recorder, hash_key, new_id, now, recorded
from .shared import ACTED, NOT_JUDGED, NotJudgedFailure, console, json_option, model_option, open_guard, policy_option

_COLOURS: dict[Action, str] = {Action.ALLOW: "green", Action.FLAG: "yellow", Action.GUIDELINE: "yellow"}


@click.command()
@click.argument("text", required=False)
@click.option("--response", metavar="TEXT", help="An answer to judge in the light of the text.")
@click.option("--messages", type=click.File("rb"), help="A conversation: a JSON list of messages ('-': stdin).")
@click.option("--image", "images", multiple=True, metavar="FILE", help="An image to judge too: a file or URL.")
@click.option("--video", "videos", multiple=True, metavar="FILE", help="A video to judge too: a file or URL.")
@click.option(
    "--annotate",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw what was found in the first image, or a strip of the first video, into this PNG.",
)
@click.option("--purpose", type=click.Choice(["chat", "t2i", "t2v"]), default="chat", show_default=True)
@policy_option("default")
@model_option()
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Append an audit record to this file.")
@json_option()
@click.pass_context
def check(
    ctx: click.Context,
    text: str | None,
    response: str | None,
    messages: IO[bytes] | None,
    images: tuple[str, ...],
    videos: tuple[str, ...],
    annotate: Path | None,
    purpose: str,
    policy: str,
    model: str | None,
    record: Path | None,
    as_json: bool,
) -> None:
    """Judge one text, answer, conversation, image or video.

    TEXT is read from stdin where none is given. Exits 0 where all is allowed, 1 where the policy acts, 2 on bad usage,
    3 where something could not be judged.
    """
    if text is not None and messages is not None:
        raise click.UsageError("give TEXT or --messages, not both")
    from ..guard import with_media
    from .annotate import draw

    if annotate is not None and not images and not videos:
        raise click.UsageError("--annotate needs --image or --video")
    said = None if text is None and (images or videos) else _text(text, response, messages)
    prompt = with_media(
        _prompt(said, messages, cast(Purpose, purpose)), images=images, videos=videos, purpose=cast(Purpose, purpose)
    )
    try:
        guard = open_guard(ctx, policy=policy, model=model)
    except NotJudged as error:
        raise NotJudgedFailure(str(error)) from error
    with guard:
        started = time.perf_counter()
        finish = guard.conclude(prompt, response=response)
        milliseconds = (time.perf_counter() - started) * 1000
    if record is not None:
        _write_record(record, prompt, finish, milliseconds)
    if annotate is not None:
        draw(prompt, finish.verdict, annotate)
    if as_json:
        sys.stdout.buffer.write(finish.verdict.to_json() + b"\n")
        sys.stdout.buffer.flush()
    else:
        _print(finish.verdict, milliseconds)
    ctx.exit(exit_code(finish.verdict))


def exit_code(verdict: Verdict) -> Literal[0, 1, 3]:
    """0 allowed, 1 acted on for what was found, 3 where nothing was found but not everything was judged."""
    if any(finding.action is not Action.ALLOW for finding in verdict.findings):
        return ACTED
    if verdict.unjudged:
        return NOT_JUDGED
    return 0 if verdict.action is Action.ALLOW else ACTED


def _text(text: str | None, response: str | None, messages: IO[bytes] | None) -> str | None:
    if text == "-" or (text is None and response is None and messages is None):
        if text is None and sys.stdin.isatty():
            raise click.UsageError("nothing to judge: give TEXT, --response, --messages or something on stdin")
        return sys.stdin.buffer.read().decode("utf-8", "surrogateescape").removesuffix("\n")
    return text


def _prompt(text: str | None, file: IO[bytes] | None, purpose: Purpose) -> tuple[Part, ...]:
    if file is not None:
        return parts_of(_messages(file.read()), purpose=purpose)
    return parts_of([message_of(text)] if text is not None else [], purpose=purpose)


def _messages(data: bytes) -> list[dict[str, Any]]:
    try:
        body = msgspec.json.decode(data)
        return msgspec.convert(body["messages"] if isinstance(body, dict) else body, list[dict[str, Any]])
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"--messages: not a JSON list of messages: {error}", param="messages") from error


def _write_record(path: Path, prompt: tuple[Part, ...], finish: Finish, milliseconds: float) -> None:
    recorder = Recorder(path, key=audit_key())
    recorder.write(
        Record(
            id=new_id(),
            time=now(),
            surface="cli",
            verdict=finish.verdict,
            delivery=finish.delivery,
            added_ms=round(milliseconds, 3),
            rounds=len(finish.verdict.rounds),
            parts=recorded(prompt, key=hash_key()),
        )
    )
    recorder.close()


def _print(verdict: Verdict, milliseconds: float) -> None:
    from rich.markup import escape
    from rich.panel import Panel

    lines = [escape(_line(finding)) for finding in verdict.findings]
    lines += [escape(f"{missed.part} was not judged: {missed.reason}") for missed in verdict.unjudged]
    coverage = f"{len(verdict.coverage.judged)} judged, {len(verdict.unjudged)} not"
    lines.append(f"[dim]{coverage} · {verdict.policy}@{verdict.policy_hash} · {milliseconds:.1f} ms[/dim]")
    title = f"[bold]{verdict.action}[/bold]" + (" (monitor)" if verdict.mode == "monitor" else "")
    colour = _COLOURS.get(verdict.action, "red")
    console().print(Panel("\n".join(lines), title=title, title_align="left", border_style=colour, expand=False))


def _line(finding: Finding) -> str:
    sure = f"{finding.confidence:.2f}, threshold {finding.threshold:.2f}"
    found = f"{finding.category}, {finding.severity.slug} ({sure}) in {finding.part}"
    return f"{found}: {finding.action} by {finding.rule}"
