"""A small evaluation with everything a page can show, of mild texts and a classifier that errs now and then."""

from __future__ import annotations

from typing import Any

from headgate.guard.evaluate import Evaluation, evaluate
from headgate.guard.samples import Sample, Sampled
from headgate.models.content import Role, Text
from headgate.models.fakes import FakeClassifier, scores

HOSTILE = "<script>alert('weeds')</script> & \"rotten\""


def evaluation(*texts: str, name: str = "garden", obfuscate: bool = False, **more: Any) -> Evaluation:
    """Even rows are safe and odd ones are not; one of each kind is judged wrong."""
    rows = texts or tuple(f"{'rotten' if at % 2 else 'ripe'} pear {at}" for at in range(12))
    samples = [
        Sample(
            row=at + 1,
            part=Text(text=text, role=Role.ASSISTANT, context="What grows there?" if at % 3 == 0 else ""),
            positive=bool(at % 2),
            severity=2 if at % 2 else 0,
            category="insult" if at % 2 else "",
        )
        for at, text in enumerate(rows)
    ]
    fake = FakeClassifier({"pear 4": 0.7, "pear 5": 0.2, "rotten": scores(unsafe=0.9, categories={"insult": 0.9})})
    sets = [Sampled(name, samples, {"sensitive": 1})]
    return evaluate(sets, fake.assess, model="fake@0", threshold=0.5, obfuscate=obfuscate, **more)
