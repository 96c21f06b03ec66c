from __future__ import annotations

from typing import Any, cast

import pytest

from headgate.gateway.generations import Generations
from headgate.gateway.middleware import each_request


class Gateway:
    def __init__(self) -> None:
        self.generations = Generations(cast(Any, None))


async def test_a_request_counts_for_as_long_as_it_lasts() -> None:
    gateway = Gateway()
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(gateway.generations.active)

    handle = each_request(cast(Any, gateway), None)(app)
    await handle({"type": "http"}, None, None)
    assert seen == [1]
    assert gateway.generations.active == 0


async def test_a_request_that_fails_has_ended_as_well() -> None:
    gateway = Gateway()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await each_request(cast(Any, gateway), None)(app)({"type": "http"}, None, None)
    assert gateway.generations.active == 0
