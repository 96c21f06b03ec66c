from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.origin import Origin, settings_of
from headgate.gateway.reload import Reloader
from headgate.gateway.state import Gateway
from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier

OLD = "version: 1\nname: mine\nthresholds: {default: 0.5, sensitive: 0.5}\n"
NEW = "version: 1\nname: mine\nthresholds: {default: 0.5, sensitive: 0.5}\ninput: {minor: refuse}\n"


class Files:
    """A folder with a policy and a configuration, and a gateway that runs on them."""

    def __init__(self, folder: Path) -> None:
        self.policy = folder / "mine.yaml"
        self.config = folder / "headgate.yaml"
        self.policy.write_text(OLD)
        self.configure()

    def configure(self, more: str = "", *, upstream: str = "http://x/v1") -> None:
        self.config.write_text(f"version: 1\nupstream: {upstream}\npolicy: mine.yaml\n{more}")

    @asynccontextmanager
    async def running(self, **flags: object) -> AsyncIterator[tuple[Gateway, Reloader]]:
        origin = Origin(file=str(self.config), flags=dict(flags))
        settings = settings_of(origin, {})
        with Guard(settings.policy, FakeClassifier()) as guard:
            gateway = Gateway(settings, guard)
            async with gateway.running():
                yield gateway, Reloader(gateway, origin)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def page(gateway: Gateway) -> str:
    return gateway.metrics.page().decode()


async def test_a_changed_policy_is_in_force_once_it_stands_still(files: Files) -> None:
    async with files.running() as (gateway, reloader):
        before = gateway.guard
        assert before is not None
        files.policy.write_text(NEW)
        await reloader.look()
        assert gateway.guard is before, "a file that changed just now may be half written"
        await reloader.look()
        after = gateway.guard
        assert after is not None
        assert after.policy.hash != before.policy.hash
        assert after.judging is before.judging
        assert gateway.reloaded is not None
        assert gateway.reloaded.ok
        assert gateway.metrics.policies() == (after.policy.hash,)
        assert 'headgate_policy_reloads_total{result="ok"} 1.0' in page(gateway)


async def test_nothing_is_loaded_where_nothing_changed(files: Files) -> None:
    async with files.running() as (gateway, reloader):
        before = gateway.guard
        for _ in range(3):
            await reloader.look()
        assert gateway.guard is before
        assert gateway.reloaded is None


async def test_a_bad_policy_changes_nothing_and_is_told(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    async with files.running() as (gateway, reloader):
        before = gateway.guard
        files.policy.write_text("version: 1\ninput: shout\noutput: whisper\n")
        with caplog.at_level(logging.ERROR, "headgate"):
            await reloader.look(anyhow=True)
        assert gateway.guard is before
        assert gateway.reloaded is not None
        assert gateway.reloaded.error is not None
        assert f"{files.policy}:2:8: " in gateway.reloaded.error
        assert "(and 1 more)" in gateway.reloaded.error
        assert gateway.reloaded.error in caplog.text
        assert "headgate_policy_reload_failed 1.0" in page(gateway)
        files.policy.write_text(NEW)
        await reloader.look(anyhow=True)
        assert gateway.guard is not before
        assert "headgate_policy_reload_failed 0.0" in page(gateway)


async def test_a_policy_that_is_gone_leaves_the_old_one_in_force(files: Files) -> None:
    async with files.running() as (gateway, reloader):
        before = gateway.guard
        files.policy.unlink()
        await reloader.look(anyhow=True)
        assert gateway.guard is before
        assert gateway.reloaded is not None
        assert not gateway.reloaded.ok


async def test_what_a_policy_extends_is_watched_too(files: Files, tmp_path: Path) -> None:
    base = tmp_path / "house.yaml"
    base.write_text(OLD)
    files.policy.write_text("version: 1\nname: mine\nextends: house.yaml\n")
    async with files.running() as (gateway, reloader):
        before = gateway.guard
        base.write_text(NEW)
        await reloader.look()
        await reloader.look()
        assert gateway.guard is not before


async def test_a_configuration_is_reloaded_and_says_what_waits_for_a_restart(files: Files) -> None:
    async with files.running() as (gateway, reloader):
        client = gateway.upstreams
        files.configure("port: 9000\nkeep_alive: 3\n", upstream="http://elsewhere/v1")
        await reloader.look(anyhow=True)
        assert gateway.settings.keep_alive == 3
        assert gateway.settings.upstream == "http://elsewhere/v1"
        assert gateway.upstreams is not client
        assert gateway.settings.port == 8080
        assert gateway.reloaded is not None
        assert gateway.reloaded.pending == ("port",)
        assert "headgate_restart_pending_settings 1.0" in page(gateway)


async def test_a_flag_overrides_the_file_after_a_reload_as_well(files: Files) -> None:
    async with files.running(keep_alive=7.0) as (gateway, reloader):
        files.configure("keep_alive: 3\n")
        await reloader.look(anyhow=True)
        assert gateway.settings.keep_alive == 7


async def test_what_does_not_go_with_a_setting_that_waits_for_a_restart_changes_nothing(files: Files) -> None:
    files.configure("unjudged_routes: [POST /openai/files]\n")
    async with files.running() as (gateway, reloader):
        files.configure("unjudged_routes: []\n", upstream="http://x/openai")
        await reloader.look(anyhow=True)
        assert gateway.settings.upstream == "http://x/openai"
        files.configure("unjudged_routes: []\nupstreams: {a: {url: http://y}}\n")
        files.config.write_text(files.config.read_text().replace("upstream: http://x/v1\n", ""))
        await reloader.look(anyhow=True)
        assert gateway.settings.upstream == "http://x/openai"
        assert gateway.reloaded is not None
        assert gateway.reloaded.error is not None
        assert "must name its upstream" in gateway.reloaded.error


async def test_the_guard_is_not_turned_off_by_a_reload(files: Files) -> None:
    async with files.running() as (gateway, reloader):
        files.config.write_text("version: 1\nupstream: http://x/v1\npolicy: off\n")
        await reloader.look(anyhow=True)
        assert gateway.guard is not None
        assert gateway.reloaded is not None
        assert gateway.reloaded.pending == ("policy",)


async def test_a_guard_that_was_given_keeps_its_policy() -> None:
    with Guard("default", FakeClassifier()) as guard:
        gateway = Gateway(Settings(upstream="http://x", policy="no-such-policy"), guard)
        async with gateway.running():
            await Reloader(gateway, follows=False).look(anyhow=True)
            assert gateway.guard is guard
