from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from headgate.guard.store.memory import MemoryStore
from headgate.guard.store.protocol import Store
from headgate.guard.store.redis import RedisStore
from headgate.guard.store.shared import SharedStore

from ...redis_server import BINARY, RedisServer, redis_server


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[RedisServer]:
    if BINARY is None:
        pytest.skip("needs redis-server: sh scripts/ensure-redis.sh")
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    if not shared_redis.running:
        shared_redis.start()
    shared_redis.empty()
    return shared_redis


@pytest.fixture(params=["memory", "redis", "shared"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn: the suite over it is one."""
    if request.param == "memory":
        found: Store = MemoryStore()
    else:
        server: RedisServer = request.getfixturevalue("redis")
        found = RedisStore(server.url, timeout=10)
        if request.param == "shared":
            found = SharedStore(found)
            await found.open()
    yield found
    await found.close()
