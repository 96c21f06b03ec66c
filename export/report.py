"""What an export says of itself when it is done."""

from __future__ import annotations

import sys

import click
import msgspec

from ..models.exported import Engine
from .job import Outcome

_SEEN = {
    "graph": "the graph itself",
    "rounded graph": "the graph with every result rounded to bfloat16, since no CPU runs it",
    "engine": "the engine itself, on this machine's GPU",
    "source graph": "the graph that the engine was built from; the engine is compared when it is first loaded",
}


def show(outcome: Outcome, *, as_json: bool) -> None:
    """Print it for a person, or as JSON."""
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(outcome, enc_hook=str) + b"\n")
        return
    for line in lines(outcome):
        click.echo(line)


def lines(outcome: Outcome) -> list[str]:
    """What was written, how it compared, and where an engine runs."""
    parity, tolerance = outcome.parity, outcome.tolerance
    size = f"{outcome.bytes / 1e6:.1f} MB"
    made = [
        f"{outcome.name}: {outcome.folder / outcome.graph} ({outcome.precision}, {size})",
        f"compared with {parity.against}: {_SEEN[parity.seen]}",
        f"logits: worst difference {parity.worst:.2g}, mean {parity.mean:.2g} (allowed {tolerance.logits:g})",
        f"decisions under {parity.policy}: {parity.flips} of {parity.rows} differ "
        f"(allowed {int(tolerance.flips * parity.rows)})",
    ]
    return made + (_engine(outcome.engine) if outcome.engine else [])


def _engine(engine: Engine) -> list[str]:
    shapes = ", ".join(f"{one.batch}×{one.length}" if one.length else str(one.batch) for one in engine.profiles)
    version = f"{engine.version}{' and later of its kind' if engine.newer else ' alone'}"
    return [
        f"engine: {engine.backend} {version}, compute capability {', '.join(engine.capabilities)}, {engine.platform}",
        f"profiles (rows × tokens): {shapes}",
    ]
