from __future__ import annotations

import threading

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.loading import guard_of, lacking, loading, memo_of
from headgate.models.errors import ConfigError


def test_a_shared_memo_needs_a_key_and_a_place() -> None:
    with pytest.raises(ConfigError, match="needs redis"):
        memo_of(Settings(upstream="http://x", shared_memo=True), {"HEADGATE_HASH_KEY": "k"})
    shared = Settings(upstream="http://x", shared_memo=True, redis="redis://x")
    with pytest.raises(ConfigError, match="HEADGATE_HASH_KEY"):
        memo_of(shared, {})
    assert memo_of(shared, {"HEADGATE_HASH_KEY": "k"}) is not None
    assert memo_of(Settings(upstream="http://x"), {}) is None


def test_there_is_no_guard_where_the_policy_is_off() -> None:
    assert guard_of(Settings(upstream="http://x", policy="off")) is None


def test_a_guard_that_was_loaded_ahead_judges_and_its_thread_ends() -> None:
    guard = loading(Settings(upstream="http://x")).result()
    assert guard is not None
    with guard:
        assert guard.probe()
    for thread in [one for one in threading.enumerate() if one.name.startswith("headgate-loading")]:
        thread.join(10)
        assert not thread.is_alive()


def test_what_cannot_be_loaded_is_raised_where_it_is_asked_for() -> None:
    found = loading(Settings(upstream="http://x", policy="no-such-policy"))
    with pytest.raises(ConfigError, match="no-such-policy"):
        found.result()


def test_a_missing_package_is_named_with_the_remedy() -> None:
    assert "aiohttp is not installed: pip install" in str(lacking(ImportError(name="aiohttp")))


def test_a_package_that_the_guard_lacks_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr("headgate.gateway.loading.Guard", without)
    with pytest.raises(ConfigError, match="numpy is not installed: pip install"):
        loading(Settings(upstream="http://x")).result()
