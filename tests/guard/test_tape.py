from __future__ import annotations

import msgspec
import pytest

from headgate.guard.drive import drive
from headgate.guard.effects import Finish
from headgate.guard.loop import Terms
from headgate.guard.sources import Given
from headgate.guard.tape import Tape, replay, taped
from headgate.models.content import Image, Text
from headgate.models.errors import InputError
from headgate.models.fakes import FakeClassifier

from .dialogue import BAD, WORSE, by_word, rules
from .test_drive import Shown, Upstream

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


def test_of_texts_that_are_judged_again_and_again_the_last_is_kept_alone_and_media_are_not() -> None:
    answer = " ".join(f"This is sentence number {number}, and a fine one." for number in range(40))
    picture = Image(data=b"a picture", path="images[0]")
    steps = taped(Terms(rules=RULES, streams=True), [*PROMPT, picture])
    drive(steps.steps, _judge, Upstream(answer), Shown())
    heard = steps.heard
    assert len(heard.judged) > 10
    assert [(one.round, one.path) for one in heard.tape.looked] == [
        (0, "messages[0].content"),
        (1, "response[0].content"),
    ]
    last = {part.path: part.text for _, part, _ in heard.judged if isinstance(part, Text)}
    assert {one.path: one.text for one in heard.tape.looked} == last


def test_what_a_text_is_about_is_kept_with_who_told_it() -> None:
    def told(parts, *, urgent=False):  # type: ignore[no-untyped-def]
        return tuple(msgspec.structs.replace(found, meaning=b"about") for found in _judge(parts))

    steps = taped(Terms(rules=msgspec.structs.replace(RULES, reader=FakeClassifier(digest="d1")), given=True), PROMPT)
    drive(steps.steps, told, Given([]))
    assert [(one.meaning, one.reader) for one in steps.heard.tape.looked] == [(b"about", "d1")]


def test_judged_parts_are_kept_by_the_round_they_belong_to() -> None:
    steps = taped(Terms(rules=RULES, answers=True, given=True), PROMPT)
    drive(steps.steps, _judge, Given(["Fine."]))
    assert [(number, part.path) for number, part, _ in steps.heard.judged] == [
        (0, "messages[0].content"),
        (1, "response[0].content"),
    ]
