"""What waits for a classifier: by priority, then by age, and joined with what is about as long; no threads."""

from __future__ import annotations

import enum
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Priority(enum.IntEnum):
    """Who goes first: a reader waits for a stream, a caller for a request, nobody for bulk work."""

    STREAM = 0
    REQUEST = 1
    BULK = 2


class Item(msgspec.Struct, Generic[T], eq=False):
    """One part that waits: of which request, its place in it, its cost in tokens, and its number in order of coming."""

    request: T
    place: int
    cost: int
    priority: Priority
    number: int


class _Lane(Generic[T]):
    """The items of one priority, by age and by cost."""

    def __init__(self) -> None:
        self.by_age: OrderedDict[int, Item[T]] = OrderedDict()
        self.by_cost: list[tuple[int, int]] = []
        self.cost = 0

    def add(self, item: Item[T]) -> None:
        self.by_age[item.number] = item
        insort(self.by_cost, (item.cost, item.number))
        self.cost += item.cost

    def remove(self, item: Item[T]) -> int:
        """Takes an item out; gives the place among the costs where it was."""
        del self.by_age[item.number]
        place = bisect_left(self.by_cost, (item.cost, item.number))
        del self.by_cost[place]
        self.cost -= item.cost
        return place

    def clear(self) -> list[Item[T]]:
        """Takes all that is in it."""
        items = list(self.by_age.values())
        self.by_age.clear()
        self.by_cost.clear()
        self.cost = 0
        return items

    def nearest(self, place: int, cost: int) -> Item[T] | None:
        """The item on either side of a place that is nearest to a cost; the shorter where both are."""
        below = self.by_cost[place - 1] if place else None
        above = self.by_cost[place] if place < len(self.by_cost) else None
        if below is None or (above is not None and above[0] - cost < cost - below[0]):
            found = above
        else:
            found = below
        return None if found is None else self.by_age[found[1]]


class WaitingList(Generic[T]):
    """Items in three lanes; `cost` is that of all together."""

    def __init__(self) -> None:
        self.cost = 0
        self._lanes: dict[Priority, _Lane[T]] = {priority: _Lane() for priority in Priority}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, item: Item[T]) -> None:
        """At the end of its lane."""
        self._lanes[item.priority].add(item)
        self._count += 1
        self.cost += item.cost

    def remove(self, item: Item[T]) -> bool:
        """Takes an item out; False where it was taken already."""
        lane = self._lanes[item.priority]
        if item.number not in lane.by_age:
            return False
        self._drop(lane, item)
        return True

    def take(self, budget: int) -> list[Item[T]]:
        """The oldest item of the first lane that has any, with those of the lane nearest to its length.

        Their cost together is at most `budget`, or they are one.
        """
        for lane in self._lanes.values():
            if lane.by_age:
                return self._all(lane) if lane.cost <= budget else list(self._take(lane, budget))
        return []

    def everything(self) -> list[Item[T]]:
        """Takes all that waits."""
        found: list[Item[T]] = []
        while self._count:
            found += self.take(self.cost)
        return found

    def _take(self, lane: _Lane[T], budget: int) -> Iterator[Item[T]]:
        head = next(iter(lane.by_age.values()))
        item: Item[T] | None = head
        room = budget
        while item is not None and (item is head or item.cost <= room):
            room -= item.cost
            # Those that are taken were neighbours, so the place of the last one is the place of them all.
            place = self._drop(lane, item)
            yield item
            item = lane.nearest(place, head.cost)

    def _all(self, lane: _Lane[T]) -> list[Item[T]]:
        self.cost -= lane.cost
        items = lane.clear()
        self._count -= len(items)
        return items

    def _drop(self, lane: _Lane[T], item: Item[T]) -> int:
        self._count -= 1
        self.cost -= item.cost
        return lane.remove(item)
