from __future__ import annotations

from headgate.guard.memo import Memo
from headgate.models.fakes import scores


def test_what_was_put_is_got_until_newer_ones_push_it_out() -> None:
    memo = Memo(size=2)
    for key in "abc":
        memo.put(key, scores(unsafe=0.1))
    assert memo.get("a") is None
    assert memo.get("b") == memo.get("c") == scores(unsafe=0.1)
    assert len(memo) == 2


def test_several_are_found_at_once_and_each_is_counted_once() -> None:
    memo = Memo()
    memo.put_all({"a": scores(unsafe=0.1), "b": scores(unsafe=0.2)})
    assert memo.find(["a", "c", "a", "b"]) == {"a": scores(unsafe=0.1), "b": scores(unsafe=0.2)}
    assert (memo.hits, memo.misses) == (2, 1)


def test_use_keeps_an_entry() -> None:
    memo = Memo(size=2)
    memo.put("a", scores())
    memo.put("b", scores())
    memo.get("a")
    memo.put("c", scores())
    assert memo.get("a") is not None
    assert memo.get("b") is None


def test_size_zero_keeps_nothing() -> None:
    memo = Memo(size=0)
    memo.put("a", scores())
    assert memo.get("a") is None
    assert (memo.hits, memo.misses) == (0, 1)
