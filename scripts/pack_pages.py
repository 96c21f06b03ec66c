"""Writes docs/packs/NAME.md for every shipped policy: what stands in it, its cases, and what was measured.

What stands above the mark in a page is written by hand and kept. `--measure FILE …` judges labelled rows with the
embedded text model first (`headgate eval` reads the same files), and keeps the figures in docs/packs/measured.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from headgate.guard.bulk import judged
from headgate.guard.commands.policy_cases import described
from headgate.guard.guard import Guard
from headgate.guard.rows import columns
from headgate.guard.samples import sample
from headgate.guard.weigh import weigh
from headgate.policies.cases import run_cases
from headgate.policies.compile import load_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.load import packs
from headgate.policies.verdict import DELIVERS, Action

PAGES = Path(__file__).parents[1] / "docs" / "packs"
MARK = "<!-- From here on by scripts/pack_pages.py. -->"
MEASURED = PAGES / "measured.json"
DIRECTIONS = ("input", "output", "tool_result", "document")


def generated(name: str) -> str:
    """What the script writes of a policy, below the mark."""
    policy = load_policy(name)
    return "\n".join([MARK, "", *_matrix(policy), *_rest(policy), *_cases(policy), *_figures(name)]) + "\n"


def _matrix(policy: CompiledPolicy) -> Iterator[str]:
    yield from ("## What is done", "", "Minor / moderate / severe:", "")
    yield from ("| category | input | output | tool result | document |", "|---|---|---|---|---|")
    usual = {direction: policy.matrix[direction]["other"] for direction in DIRECTIONS}
    yield _row("any", [usual[direction] for direction in DIRECTIONS])
    for slug in sorted(policy.matrix["input"]):
        own = [policy.matrix[direction][slug] for direction in DIRECTIONS]
        if own != list(usual.values()):
            yield _row(f"`{slug}`", own)
    yield ""


def _row(name: str, cells: Sequence[Sequence[Action]]) -> str:
    words = [str(row[1]) if len(set(row[1:])) == 1 else " / ".join(map(str, row[1:])) for row in cells]
    return f"| {name} | {' | '.join(words)} |"


def _rest(policy: CompiledPolicy) -> Iterator[str]:
    unjudged = ", ".join(f"{kind} {action}" for kind, action in policy.on_unjudged.items())
    plan = policy.thresholds
    named = {"default": plan.default, "sensitive": plan.sensitive, **plan.categories}
    own = ", ".join(f"`{key}` {json.dumps(_threshold(wanted))}" for key, wanted in named.items() if wanted is not None)
    yield f"- Thresholds: {own or 'the operating points of the model that is loaded'}."
    yield f"- Not judged: {unjudged}; a model that fails: {policy.on_error}."
    yield f"- Answers: {policy.regenerate.rounds} draws at most, {' then '.join(policy.regenerate.strategy)};"
    yield f"  streams are held by the {policy.stream.hold}."
    if policy.pii is not None:
        acts = ", ".join(f"{direction} {action}" for direction, action in policy.pii.actions.items())
        yield f"- Personal data ({', '.join(policy.pii.kinds)}): {acts}."
    if policy.strikes.bars:
        bars = ", ".join(f"{bar.points:g} points: {bar.seconds:g} s" for bar in policy.strikes.bars)
        yield f"- Senders who are refused again and again are barred ({bars})."
    yield ""


def _threshold(wanted: Any) -> Any:
    return {"fpr": wanted.fpr} if hasattr(wanted, "fpr") else wanted.at


def _cases(policy: CompiledPolicy) -> Iterator[str]:
    yield from (
        "## Its cases",
        "",
        f"`headgate policy test {policy.name}` runs them. Those that are texts need a model.",
        "",
    )
    yield from ("| direction | case | outcome |", "|---|---|---|")
    for result in run_cases(policy):
        note = f" ({result.case.note})" if result.case.note else ""
        yield f"| {result.case.direction} | {described(result.case)}{note} | {result.case.expect} |"
    yield ""


def _figures(name: str) -> Iterator[str]:
    held = json.loads(MEASURED.read_text("utf-8")) if MEASURED.is_file() else {}
    if name not in held.get("policies", {}):
        return
    yield from (
        "## Measured",
        "",
        f"With the embedded text model ({held['model']}). Stopped: anything but allow, flag and",
    )
    yield from ("guideline; acted on: anything but allow. False alarms are harmless rows that are stopped.", "")
    yield from (
        "| set | rows | harmful: stopped | acted on | harmless: stopped | acted on |",
        "|---|---|---|---|---|---|",
    )
    for one in held["policies"][name]:
        shares = [f"{one[key]:.1%}" for key in ("caught", "caught_acted", "alarms", "alarms_acted")]
        yield f"| {one['set']} | {one['rows']:,} | {' | '.join(shares)} |"
    yield ""


def measure(files: Sequence[str]) -> dict[str, Any]:
    """Each policy's shares on each file, every row judged once."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in packs()}
    with Guard("default", timeout=600) as guard:
        under = {name: guard.under(name) for name in packs()}
        for file in files:
            rows = list(sample(file, layout=columns(())).samples)
            assessed = judged([row.part for row in rows], lambda parts: guard.judge(parts, bulk=True))
            for name, placed in under.items():
                actions = [
                    weigh(placed.rules, [row.part], [one]).action for row, one in zip(rows, assessed, strict=True)
                ]
                both = [
                    [a for a, row in zip(actions, rows, strict=True) if row.positive is side] for side in (True, False)
                ]
                shares = [share for side in both for share in (_share(side, DELIVERS), _share(side, {Action.ALLOW}))]
                keys = ("caught", "caught_acted", "alarms", "alarms_acted")
                about = {"set": Path(file).name.partition(".")[0], "rows": len(rows)}
                found[name].append(about | dict(zip(keys, shares, strict=True)))
        return {"model": next(one.name for one in guard.judging.classifiers if "text" in one.kinds), "policies": found}


def _share(actions: Sequence[Action], outside: Any) -> float:
    return round(sum(action not in outside for action in actions) / len(actions), 4) if actions else 0.0


def main() -> None:
    """Write every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs="+", metavar="FILE", default=[])
    given = parser.parse_args()
    PAGES.mkdir(exist_ok=True)
    if given.measure:
        MEASURED.write_text(json.dumps(measure(given.measure), indent=1) + "\n", "utf-8")
    for name in packs():
        page = PAGES / f"{name}.md"
        above = page.read_text("utf-8").partition(MARK)[0] if page.is_file() else f"# {name}\n\n"
        page.write_text(above + generated(name), "utf-8")


if __name__ == "__main__":
    main()
