from __future__ import annotations

import msgspec
import pytest

from headgate.guard.drive import drive
from headgate.guard.effects import Finish
from headgate.guard.loop import Terms
from headgate.guard.sources import Given
from headgate.guard.tape import Tape, replay, taped
from headgate.models.content import Text
from headgate.models.errors import InputError

from .dialogue import BAD, WORSE, by_word, rules

RULES = rules()
PROMPT = (Text(text=f"A {BAD} question.", path="messages[0].content"),)


def _judge(parts, *, urgent=False):  # type: ignore[no-untyped-def]
    return tuple(by_word(part) for part in parts)


def _run(answer: str) -> tuple[Finish, Tape]:
    steps = taped(Terms(rules=RULES, answers=True, given=True), PROMPT)
    finish = drive(steps.steps, _judge, Given([answer]))
    assert steps.heard.finish == finish
    return finish, steps.heard.tape


@pytest.mark.parametrize(
    "answer", ["A fine answer. And more of it.", f"Fine. Then a {BAD} one. Then fine.", f"{WORSE}!"]
)
def test_an_exchange_replayed_from_its_tape_has_the_same_verdict_to_the_byte(answer: str) -> None:
    finish, tape = _run(answer)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(tape), type=Tape)
    assert replay(again, RULES).verdict.to_json() == finish.verdict.to_json()


def test_a_stricter_policy_may_come_to_another_verdict_from_the_same_tape() -> None:
    _, tape = _run("A fine answer.")
    assert replay(tape, rules("version: 1\nextends: strict\nname: s\n")).verdict.action.value == "refuse"


def test_what_was_never_told_cannot_be_replayed() -> None:
    _, tape = _run("A fine answer.")
    tape.told.clear()
    with pytest.raises(InputError, match="judge what was not recorded"):
        replay(tape, RULES)


def test_judged_parts_are_kept_by_the_round_they_belong_to() -> None:
    steps = taped(Terms(rules=RULES, answers=True, given=True), PROMPT)
    drive(steps.steps, _judge, Given(["Fine."]))
    assert [(number, part.path) for number, part, _ in steps.heard.judged] == [
        (0, "messages[0].content"),
        (1, "response[0].content"),
    ]
