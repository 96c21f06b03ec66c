from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.models.waiting import Item, Priority, WaitingList

waiting_items = st.lists(st.tuples(st.integers(0, 600), st.sampled_from(Priority)), max_size=40)


def filled(wanted: list[tuple[int, Priority]]) -> WaitingList[str]:
    found: WaitingList[str] = WaitingList()
    for number, (cost, priority) in enumerate(wanted):
        found.add(Item(str(number), 0, cost, priority, number))
    return found


def numbers(items: list[Item[str]]) -> list[int]:
    return [item.number for item in items]


def test_the_oldest_goes_first_with_those_nearest_to_its_length():
    found = filled([(cost, Priority.REQUEST) for cost in (50, 400, 48, 10, 53)])
    assert numbers(found.take(160)) == [0, 2, 4]
    assert numbers(found.take(160)) == [1]
    assert numbers(found.take(160)) == [3]


def test_a_lane_waits_for_those_before_it():
    found = filled([(8, Priority.BULK), (8, Priority.REQUEST), (8, Priority.STREAM)])
    assert [numbers(found.take(512)) for _ in range(4)] == [[2], [1], [0], []]


def test_what_is_larger_than_a_budget_goes_alone():
    found = filled([(600, Priority.REQUEST), (600, Priority.REQUEST)])
    assert numbers(found.take(512)) == [0]


def test_what_was_taken_cannot_be_removed():
    found: WaitingList[str] = WaitingList()
    item = Item("x", 0, 8, Priority.REQUEST, 0)
    found.add(item)
    assert found.remove(item)
    assert not found.remove(item)
    assert (len(found), found.cost) == (0, 0)


@given(waiting_items, st.integers(1, 700))
def test_everything_is_taken_once_within_the_budget_and_no_lane_overtakes(
    wanted: list[tuple[int, Priority]], budget: int
):
    found = filled(wanted)
    taken: list[Item[str]] = []
    while batch := found.take(budget):
        assert len(batch) == 1 or sum(item.cost for item in batch) <= budget
        assert len({item.priority for item in batch}) == 1
        taken += batch
    assert sorted(numbers(taken)) == list(range(len(wanted)))
    assert [item.priority for item in taken] == sorted(item.priority for item in taken)
    assert (len(found), found.cost) == (0, 0)


@given(waiting_items, st.sets(st.integers(0, 39)))
def test_the_rest_is_as_if_what_was_removed_had_never_come(wanted: list[tuple[int, Priority]], gone: set[int]):
    found: WaitingList[str] = WaitingList()
    items = [Item(str(n), 0, cost, priority, n) for n, (cost, priority) in enumerate(wanted)]
    for item in items:
        found.add(item)
    for item in items:
        if item.number in gone:
            found.remove(item)
    left = [item for item in items if item.number not in gone]
    assert found.cost == sum(item.cost for item in left)
    assert sorted(numbers(found.everything())) == numbers(left)
