"""What is loaded at the start is left out of every later collection, and no thread keeps the event loop for long."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from headgate.gateway.pauses import SWITCH, YOUNG, held, settle


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


def test_what_is_alive_is_never_looked_at_again_and_the_rest_more_seldom() -> None:
    settle()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == YOUNG
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_nothing_is_looked_at_while_everything_is_loaded() -> None:
    with held():
        assert not gc.isenabled()
        settle()
        assert gc.isenabled()
    with pytest.raises(LookupError), held():
        raise LookupError
    assert gc.isenabled()


def test_rings_that_are_made_afterwards_are_still_found() -> None:
    settle()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.collect() > 0


def test_threads_take_turns_within_a_millisecond() -> None:
    settle()
    assert sys.getswitchinterval() == pytest.approx(SWITCH)
