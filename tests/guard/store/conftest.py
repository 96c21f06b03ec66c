from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headgate.guard.store.memory import MemoryStore
from headgate.guard.store.protocol import Store
from headgate.guard.store.redis import RedisStore
from headgate.guard.store.shared import SharedStore

from ...redis_server import RedisServer


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
