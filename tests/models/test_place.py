from __future__ import annotations

from headgate.models.place import HERE, Place


def test_a_place_without_a_url_is_this_process() -> None:
    assert Place() == HERE
    assert not HERE.url


def test_a_token_is_shown_nowhere() -> None:
    assert "secret" not in repr(Place(url="http://127.0.0.1:1", token="secret"))
