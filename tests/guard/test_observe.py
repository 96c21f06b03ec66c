from __future__ import annotations

from collections.abc import Generator

import pytest

from headgate.guard.effects import (
    Cancel,
    Channel,
    Consult,
    Consulted,
    Delta,
    Effect,
    End,
    Finish,
    Generate,
    Judge,
    Read,
    Release,
    Reply,
)
from headgate.guard.observe import Watch, watched, watching
from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Direction, Role, Text
from headgate.policies.verdict import Action, Verdict

QUESTION = Text(text="a zyzzyva?", path="messages[0].content")
ANSWER = Text(text="a quokka", path="response[0].content", role=Role.ASSISTANT)
DONE = Finish(verdict=Verdict(action=Action.ALLOW), delivery="delivered")


def assessed(unsafe: float) -> Assessed:
    return Assessed(unsafe=unsafe, categories={}, severity=(1.0, 0.0, 0.0, 0.0), model="m")


DIALOGUE: list[tuple[Effect, Reply]] = [
    (Judge(parts=(QUESTION,)), (assessed(0.2),)),
    (Generate(round=1), None),
    (Read(), Delta(Channel(), "a ")),
    (Read(), Delta(Channel(), "quokka")),
    (Judge(parts=(ANSWER, ANSWER)), (assessed(0.7), Unjudged(reason="deadline"))),
    (Cancel(), None),
    (Consult(service="corrector", prompt="p"), Consulted(text="better", tokens=3)),
    (Generate(round=2), None),
    (Read(), Delta(Channel(), "fine")),
    (Read(), End(tokens=5)),
    (Release(Channel(), "fine"), None),
]


def steps() -> Generator[Effect, Reply, Finish]:
    for effect, reply in DIALOGUE:
        assert (yield effect) is reply
    return DONE


def drive(watch: Watch) -> list[Effect]:
    """Performs the dialogue under observation; gives the effects that came out."""
    seen: list[Effect] = []
    observed = watch.observed(steps())
    seen.append(next(observed))
    for _, reply in DIALOGUE[:-1]:
        seen.append(observed.send(reply))
    with pytest.raises(StopIteration) as stop:
        observed.send(DIALOGUE[-1][1])
    assert stop.value.value is DONE
    return seen


def test_a_loop_does_not_notice_that_it_is_watched() -> None:
    assert drive(Watch()) == [effect for effect, _ in DIALOGUE]


def test_what_happened_is_written_down() -> None:
    watch = Watch()
    drive(watch)
    (timeline,) = watch.timelines
    assert timeline.finish is DONE
    asked, answered = timeline.judgings
    assert (asked.direction, asked.round, asked.worst, asked.unjudged) == (Direction.INPUT, 0, 0.2, 0)
    assert (answered.direction, answered.round, answered.parts) == (Direction.OUTPUT, 1, 2)
    assert (answered.worst, answered.unjudged) == (0.7, 1)
    first, second = timeline.draws
    assert (first.round, first.cancelled, first.tokens) == (1, True, None)
    assert (second.round, second.cancelled, second.tokens) == (2, False, 5)
    assert first.first is not None
    assert second.ended is not None
    assert timeline.began <= first.began <= first.first <= second.began <= second.ended
    (helped,) = timeline.helped
    assert (helped.service, helped.tokens, helped.fault) == ("corrector", 3, None)


def test_content_is_kept_only_where_it_is_asked_for() -> None:
    plain, keeping = Watch(), Watch(content=True)
    drive(plain)
    drive(keeping)
    assert "zyzzyva" not in repr(plain.timelines)
    assert "quokka" not in repr(plain.timelines)
    assert keeping.timelines[0].said == ["a zyzzyva?"]
    assert keeping.timelines[0].answered == ["fine"]


def test_an_exchange_that_breaks_off_has_an_end_and_no_finish() -> None:
    watch = Watch()
    observed = watch.observed(steps())
    next(observed)
    observed.close()
    (timeline,) = watch.timelines
    assert timeline.finish is None
    assert timeline.ended is not None


def test_steps_are_watched_where_the_present_request_is() -> None:
    plain = steps()
    assert watched(plain) is plain
    watch = Watch()
    token = watching.set(watch)
    try:
        next(watched(plain))
    finally:
        watching.reset(token)
    assert len(watch.timelines) == 1


@pytest.mark.parametrize("role", [Role.USER, Role.TOOL_RESULT])
def test_an_earlier_answer_does_not_make_a_request_an_answer(role: Role) -> None:
    watch = Watch()
    newest = Text(text="and?", path="messages[1].content", role=role)

    def one() -> Generator[Effect, Reply, Finish]:
        yield Judge(parts=(ANSWER, newest))
        return DONE

    observed = watch.observed(one())
    next(observed)
    with pytest.raises(StopIteration):
        observed.send((assessed(0.1), assessed(0.1)))
    assert watch.timelines[0].judgings[0].direction is not Direction.OUTPUT
