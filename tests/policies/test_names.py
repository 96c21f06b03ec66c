from __future__ import annotations

from headgate.policies.names import DIRECTIONS, POSSIBLE, POSSIBLE_UNJUDGED
from headgate.policies.verdict import Action


def test_every_direction_says_which_actions_are_possible_and_all_are_known() -> None:
    assert tuple(POSSIBLE) == DIRECTIONS
    assert {name for names in POSSIBLE.values() for name in names} == {action.value for action in Action}
    assert set(POSSIBLE_UNJUDGED) <= set.intersection(*(set(names) for names in POSSIBLE.values()))
