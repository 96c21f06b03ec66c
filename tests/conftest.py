"""What every test shares: a property holds however slow the machine is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from .redis_server import BINARY, RedisServer, redis_server

# The same examples on every machine; HEADGATE_RANDOM=1 looks for new ones.
settings.register_profile("headgate", deadline=None, derandomize="HEADGATE_RANDOM" not in os.environ)
settings.load_profile("headgate")


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[RedisServer]:
    if BINARY is None:
        pytest.skip("needs redis-server: sh scripts/ensure-redis.sh")
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    """A real Redis that runs and is empty, whatever the test before did to it."""
    if not shared_redis.running:
        shared_redis.start()
    shared_redis.empty()
    return shared_redis
