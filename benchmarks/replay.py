"""Replays the filter-and-regenerate loop over real answers with human labels.

    python benchmarks/replay.py FILE --rounds 5 [--json] [--policy default] [--model text] [--repeats 20]

FILE holds rows `prompt`, `response`, `label` (safe or unsafe), many responses a prompt (JSONL, .gz or .zst). An
upstream draws one of a prompt's recorded answers at random for each round; the real loop, policy and model judge it.
Recorded answers cannot react to guidance, so the strategy is `blind`: what conditioning adds is not in these figures.

Printed for each number of rounds, over prompts x repeats: the share of exchanges that showed an unsafe answer, of safe
draws that were rejected, of exchanges refused, the mean draws, and the closed form at the recall and false alarms that
were measured. 95 % intervals are bootstrapped over prompts. The prompt gate is left out unless it is asked for, so that
the loop alone is measured.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from headgate.guard.closed_form import expected
from headgate.guard.drive import drive
from headgate.guard.effects import Channel, Delta, End, Event, Generate
from headgate.guard.files import read_rows
from headgate.guard.guard import Guard
from headgate.guard.loop import Terms, exchange
from headgate.guard.weigh import Rules
from headgate.models.assessment import Assessment
from headgate.models.content import Part, Text
from headgate.models.fakes import scores
from headgate.policies.compile import load_policy
from headgate.policies.compiled import CompiledPolicy


class Answer(msgspec.Struct, frozen=True):
    """A recorded answer and what people said of it."""

    text: str
    unsafe: bool


class Exchange(msgspec.Struct, frozen=True):
    """How one replayed exchange went: what was drawn, and what was shown of it (None: a refusal)."""

    drawn: tuple[bool, ...]
    shown: bool | None


class Recorded:
    """A source that draws a prompt's recorded answers at random."""

    def __init__(self, answers: Sequence[Answer], dice: random.Random) -> None:
        self.drawn: list[Answer] = []
        self._answers = answers
        self._dice = dice
        self._events: list[Event] = []

    def generate(self, request: Generate) -> None:
        """Draws an answer."""
        self.drawn.append(self._dice.choice(self._answers))
        self._events = [Delta(Channel(), self.drawn[-1].text), End()]

    def read(self) -> Event:
        """The drawn answer, then the end."""
        return self._events.pop(0)

    def cancel(self) -> None:
        """The rest is not read."""
        self._events = []


def blind(policy: CompiledPolicy, rounds: int) -> CompiledPolicy:
    """The policy with this many blind rounds, no other budget and no tightening."""
    plan = msgspec.structs.replace(
        policy.regenerate, rounds=rounds, strategy=("blind",), tighten=False, seconds=None, tokens=None
    )
    return msgspec.structs.replace(policy, regenerate=plan)


def replayed(
    prompts: dict[str, list[Answer]], rules: Rules, judge: Callable[..., tuple[Assessment, ...]], repeats: int
) -> dict[str, list[Exchange]]:
    """Every prompt replayed `repeats` times, each with dice of its own, so that runs can be compared."""
    found: dict[str, list[Exchange]] = {}
    for prompt, answers in prompts.items():
        for repeat in range(repeats):
            source = Recorded(answers, random.Random(f"{repeat}:{prompt}"))
            ask = (Text(text=prompt, path="messages[0].content"),)
            finish = drive(exchange(Terms(rules=rules), ask), judge, source)
            shown = source.drawn[-1].unsafe if finish.delivery == "delivered" else None
            done = Exchange(tuple(answer.unsafe for answer in source.drawn), shown)
            found.setdefault(prompt, []).append(done)
    return found


def summary(runs: dict[str, list[Exchange]], prompts: dict[str, list[Answer]], rounds: int) -> dict[str, object]:
    """The row of the table for one number of rounds."""
    per_prompt = np.array(
        [
            (np.mean([run.shown is True for run in found]), np.mean([run.shown is None for run in found]),
             np.mean([len(run.drawn) for run in found]))
            for found in runs.values()
        ]
    )  # fmt: skip
    low, high = intervals(per_prompt)
    flat = [run for found in runs.values() for run in found]
    rates = judged_rates(flat)
    law = [
        expected(unsafe=float(np.mean([a.unsafe for a in answers])), rounds=rounds, **rates)
        for answers in prompts.values()
    ]
    unsafe_shown, refused, draws = per_prompt.mean(axis=0).tolist()
    return {
        "round": rounds,
        "unsafe_shown": unsafe_shown,
        "safe_rejected": rates["false_alarms"],
        "refused": refused,
        "draws": draws,
        "recall": rates["recall"],
        "interval": {"unsafe_shown": [low[0], high[0]], "refused": [low[1], high[1]]},
        "closed_form": {
            "unsafe_shown": float(np.mean([item.unsafe_delivered for item in law])),
            "refused": float(np.mean([item.refused for item in law])),
            "draws": float(np.mean([item.calls for item in law])),
        },
    }


def judged_rates(runs: Sequence[Exchange]) -> dict[str, float]:
    """Recall and false alarms over all draws: every draw but a shown last one was rejected."""
    rejected = [
        (unsafe, run.shown is None or i < len(run.drawn) - 1) for run in runs for i, unsafe in enumerate(run.drawn)
    ]
    bad = [was for unsafe, was in rejected if unsafe]
    good = [was for unsafe, was in rejected if not unsafe]
    return {"recall": float(np.mean(bad or [0.0])), "false_alarms": float(np.mean(good or [0.0]))}


def intervals(values: np.ndarray, samples: int = 1000) -> tuple[list[float], list[float]]:
    """The 95 % interval of the mean of each column, by bootstrap over rows."""
    dice = np.random.default_rng(0)
    means = values[dice.integers(0, len(values), (samples, len(values)))].mean(axis=1)
    return np.quantile(means, 0.025, axis=0).tolist(), np.quantile(means, 0.975, axis=0).tolist()


def grouped(path: str) -> dict[str, list[Answer]]:
    """The recorded answers of each prompt."""
    prompts: dict[str, list[Answer]] = {}
    for row in read_rows(path):
        prompts.setdefault(row["prompt"], []).append(Answer(row["response"], row["label"] == "unsafe"))
    return prompts


def printed(name: str, result: dict[str, object]) -> None:
    """The table for a person."""
    unguarded = result["unguarded"]["unsafe_shown"]  # type: ignore[index]
    print(
        f"{name}: {result['prompts']} prompts, {result['answers']} answers, {result['repeats']} repeats, "
        f"{result['policy']}, {result['model']}"
    )
    print(f"without a guard: unsafe shown {unguarded:.1%}")
    print(
        "rounds  unsafe shown (95 %)        refused (95 %)             safe rejected  draws"
        "   closed form: unsafe refused draws"
    )
    for row in result["rounds"]:  # type: ignore[attr-defined]
        span, law = row["interval"], row["closed_form"]
        shown = f"{row['unsafe_shown']:6.1%} ({span['unsafe_shown'][0]:.1%}-{span['unsafe_shown'][1]:.1%})"
        refused = f"{row['refused']:6.1%} ({span['refused'][0]:.1%}-{span['refused'][1]:.1%})"
        print(
            f"{row['round']:>6}  {shown:<25}  {refused:<25}  {row['safe_rejected']:>13.1%}  {row['draws']:5.2f}"
            f"   {law['unsafe_shown']:19.1%} {law['refused']:7.1%} {law['draws']:5.2f}"
        )


def main() -> None:
    """Reads the arguments and runs the replay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--policy", default="default")
    parser.add_argument("--model", default="text", help="a shipped model or a folder of weights")
    parser.add_argument("--prompt-gate", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    prompts = grouped(options.file)
    guard = Guard(load_policy(options.policy), models=options.model, timeout=60.0)

    def judge(parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
        answers = [part for part in parts if options.prompt_gate or part.path.startswith("response")]
        found = iter(guard.judging.judge(answers))
        return tuple(next(found) if part in answers else scores() for part in parts)

    rows = []
    for rounds in range(1, options.rounds + 1):
        rules = msgspec.structs.replace(guard.rules, policy=blind(guard.policy, rounds))
        rows.append(summary(replayed(prompts, rules, judge, options.repeats), prompts, rounds))
    unsafe = [answer.unsafe for answers in prompts.values() for answer in answers]
    shares = [float(np.mean([answer.unsafe for answer in answers])) for answers in prompts.values()]
    result: dict[str, object] = {
        "unguarded": {"unsafe_shown": float(np.mean(shares))},
        "rounds": rows,
        "prompts": len(prompts),
        "answers": len(unsafe),
        "repeats": options.repeats,
        "policy": f"{guard.policy.name}@{guard.policy.hash}",
        "model": ", ".join(guard.judging.digests),
    }
    guard.close()
    if options.json:
        json.dump(result, sys.stdout)
        print()
    else:
        printed(Path(options.file).name, result)


if __name__ == "__main__":
    main()
