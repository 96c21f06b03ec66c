"""Replays the filter-and-regenerate loop over real answers with human labels.

    python benchmarks/replay.py FILE --rounds 5 [--json] [--policy default] [--model text] [--repeats 20]
        [--candidates 4] [--curve]

FILE holds rows `prompt`, `response`, `label` (safe or unsafe), many responses a prompt (JSONL, .gz or .zst). An
upstream draws one of a prompt's recorded answers at random for each round; the real loop, policy and model judge it.
Recorded answers cannot react to guidance, so the strategy is `blind`: what conditioning adds is not in these figures.
With `--candidates N` it is `best_of_n`: each round after the first draws N at once, and the least risky that passes is
shown. `--curve` shifts every score by steps in log-odds and prints unsafe shown against refused, for one round and for
all, so that the two can be compared at the same cost in refusals.

Printed for each number of rounds, over prompts x repeats: the share of exchanges that showed an unsafe answer, of safe
draws that were rejected, of exchanges refused, the mean draws, and the closed form at the recall and false alarms that
were measured. 95 % intervals are bootstrapped over prompts. The prompt gate is left out unless it is asked for, so that
the loop alone is measured.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from headgate.guard.closed_form import expected
from headgate.guard.drive import drive
from headgate.guard.effects import Channel, Delta, End, Event, Generate
from headgate.guard.files import read_rows
from headgate.guard.guard import Guard
from headgate.guard.loop import Terms, exchange
from headgate.guard.weigh import Rules
from headgate.models.assessment import Assessed, Assessment
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


class Point(msgspec.Struct, frozen=True):
    """A place on the curve: the shift of scores in log-odds, the shares of exchanges refused and shown unsafe."""

    shift: float
    refused: float
    unsafe_shown: float


class Recorded:
    """A source that draws a prompt's recorded answers at random."""

    def __init__(self, answers: Sequence[Answer], dice: random.Random) -> None:
        self.drawn: list[Answer] = []
        self.last: list[Answer] = []
        self._answers = answers
        self._dice = dice
        self._events: list[Event] = []

    def generate(self, request: Generate) -> None:
        """Draws an answer, or as many as are asked for."""
        self.last = [self._dice.choice(self._answers) for _ in range(request.n or 1)]
        self.drawn += self.last
        self._events = [*(Delta(Channel(i), answer.text) for i, answer in enumerate(self.last)), End()]

    def read(self) -> Event:
        """The drawn answer, then the end."""
        return self._events.pop(0)

    def cancel(self) -> None:
        """The rest is not read."""
        self._events = []


def looped(policy: CompiledPolicy, rounds: int, candidates: int = 1) -> CompiledPolicy:
    """The policy with this many rounds, no other budget and no tightening; what is drawn again does not react."""
    strategy = "best_of_n" if candidates > 1 else "blind"
    plan = msgspec.structs.replace(
        policy.regenerate,
        rounds=rounds,
        strategy=(strategy,),
        n=max(candidates, 2),
        tighten=False,
        seconds=None,
        tokens=None,
    )
    return msgspec.structs.replace(policy, regenerate=plan)


def shifted(found: Assessment, by: float) -> Assessment:
    """The same assessment with every category's log-odds raised by so much: another threshold for all of them."""
    if not by or not isinstance(found, Assessed):
        return found

    def moved(score: float) -> float:
        kept = min(max(score, 1e-9), 1 - 1e-9)
        return 1 / (1 + (1 - kept) / kept * math.exp(-by))

    categories = {name: None if score is None else moved(score) for name, score in found.categories.items()}
    return msgspec.structs.replace(found, unsafe=moved(found.unsafe), categories=categories)


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
            shown = source.last[finish.choice or 0].unsafe if finish.delivery == "delivered" else None
            done = Exchange(tuple(answer.unsafe for answer in source.drawn), shown)
            found.setdefault(prompt, []).append(done)
    return found


def costs(runs: dict[str, list[Exchange]]) -> np.ndarray:
    """Of each prompt: the share of exchanges that showed an unsafe answer, the share refused, and the mean draws."""
    return np.array(
        [
            (np.mean([run.shown is True for run in found]), np.mean([run.shown is None for run in found]),
             np.mean([len(run.drawn) for run in found]))
            for found in runs.values()
        ]
    )  # fmt: skip


def summary(
    runs: dict[str, list[Exchange]], prompts: dict[str, list[Answer]], rounds: int, candidates: int
) -> dict[str, object]:
    """The row of the table for one number of rounds; the closed form is of one answer a round."""
    per_prompt = costs(runs)
    low, high = intervals(per_prompt)
    unsafe_shown, refused, draws = per_prompt.mean(axis=0).tolist()
    found: dict[str, object] = {
        "round": rounds,
        "unsafe_shown": unsafe_shown,
        "refused": refused,
        "draws": draws,
        "interval": {"unsafe_shown": [low[0], high[0]], "refused": [low[1], high[1]]},
    }
    if candidates > 1 and rounds > 1:
        return found
    rates = judged_rates([run for runs_of in runs.values() for run in runs_of])
    law = [
        expected(unsafe=float(np.mean([a.unsafe for a in answers])), rounds=rounds, **rates)
        for answers in prompts.values()
    ]
    closed = {
        "unsafe_shown": float(np.mean([item.unsafe_delivered for item in law])),
        "refused": float(np.mean([item.refused for item in law])),
        "draws": float(np.mean([item.calls for item in law])),
    }
    return found | {"safe_rejected": rates["false_alarms"], "recall": rates["recall"], "closed_form": closed}


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
        span = row["interval"]
        shown = f"{row['unsafe_shown']:6.1%} ({span['unsafe_shown'][0]:.1%}-{span['unsafe_shown'][1]:.1%})"
        refused = f"{row['refused']:6.1%} ({span['refused'][0]:.1%}-{span['refused'][1]:.1%})"
        line = f"{row['round']:>6}  {shown:<25}  {refused:<25}"
        if (law := row.get("closed_form")) is None:
            print(f"{line}  {'':>13}  {row['draws']:5.2f}")
        else:
            print(
                f"{line}  {row['safe_rejected']:>13.1%}  {row['draws']:5.2f}"
                f"   {law['unsafe_shown']:19.1%} {law['refused']:7.1%} {law['draws']:5.2f}"
            )
    if (curve := result.get("curve")) is not None:
        print("shift  one round: unsafe shown, refused   all rounds: unsafe shown, refused   one round at that cost")
        for first, last, same in curve:  # type: ignore[attr-defined]
            beside = "-" if same is None else f"{same:.1%}"
            print(
                f"{first.shift:+5.1f}  {first.unsafe_shown:23.1%} {first.refused:8.1%}"
                f"   {last.unsafe_shown:25.1%} {last.refused:8.1%}   {beside:>22}"
            )


CURVE: Final = tuple(step / 2 for step in range(-6, 7))
"""Shifts of the scores in log-odds."""


def at_same_cost(one: Sequence[Point], refused: float) -> float | None:
    """What one round shows where it refuses this share (between its points, a line); None beyond them."""
    line = sorted((point.refused, point.unsafe_shown) for point in one)
    rates = [rate for rate, _ in line]
    if not rates[0] <= refused <= rates[-1]:
        return None
    return float(np.interp(refused, rates, [shown for _, shown in line]))


def main() -> None:
    """Reads the arguments and runs the replay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--policy", default="default")
    parser.add_argument("--model", default="text", help="a shipped model or a folder of weights")
    parser.add_argument("--prompt-gate", action="store_true")
    parser.add_argument("--candidates", type=int, default=1, help="drawn at once in each round after the first")
    parser.add_argument("--curve", action="store_true", help="unsafe shown against refused, over all thresholds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    prompts = grouped(options.file)
    guard = Guard(load_policy(options.policy), models=options.model, timeout=60.0)
    known: dict[tuple[Part, ...], tuple[Assessment, ...]] = {}

    def assessed(parts: tuple[Part, ...]) -> tuple[Assessment, ...]:
        if parts not in known:
            known[parts] = tuple(guard.judging.judge(parts))
        return known[parts]

    def run(rounds: int, shift: float = 0.0) -> dict[str, list[Exchange]]:
        def judge(parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
            answers = tuple(part for part in parts if options.prompt_gate or part.path.startswith("response"))
            found = iter(assessed(answers))
            return tuple(shifted(next(found), shift) if part in answers else scores() for part in parts)

        rules = msgspec.structs.replace(guard.rules, policy=looped(guard.policy, rounds, options.candidates))
        return replayed(prompts, rules, judge, options.repeats)

    def point(rounds: int, shift: float) -> Point:
        shown, refused, _ = costs(run(rounds, shift)).mean(axis=0).tolist()
        return Point(shift, refused, shown)

    rows = [summary(run(n), prompts, n, options.candidates) for n in range(1, options.rounds + 1)]
    shares = [float(np.mean([answer.unsafe for answer in answers])) for answers in prompts.values()]
    result: dict[str, object] = {
        "unguarded": {"unsafe_shown": float(np.mean(shares))},
        "rounds": rows,
        "prompts": len(prompts),
        "answers": sum(len(answers) for answers in prompts.values()),
        "repeats": options.repeats,
        "candidates": options.candidates,
        "policy": f"{guard.policy.name}@{guard.policy.hash}",
        "model": ", ".join(guard.judging.digests),
    }
    if options.curve:
        one, many = [point(1, shift) for shift in CURVE], [point(options.rounds, shift) for shift in CURVE]
        result["curve"] = [(a, b, at_same_cost(one, b.refused)) for a, b in zip(one, many, strict=True)]
    guard.close()
    if options.json:
        print(msgspec.json.encode(result).decode())
    else:
        printed(Path(options.file).name, result)


if __name__ == "__main__":
    main()
