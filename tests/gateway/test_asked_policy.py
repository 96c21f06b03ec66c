from __future__ import annotations

import pytest

from headgate.gateway.asked_policy import AskedPolicies, asked
from headgate.gateway.limits import Denied
from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier
from headgate.policies.load import packs


@pytest.mark.parametrize(("headers", "name"), [([], None), ([(b"x-headgate-policy", b"strict")], "strict")])
def test_a_wish_stands_in_a_header(headers: list[tuple[bytes, bytes]], name: str | None) -> None:
    assert asked({"headers": headers}) == name


async def test_only_shipped_policies_can_be_asked_for_and_never_a_file() -> None:
    with Guard("default", FakeClassifier()) as guard:
        for name in ("/etc/passwd", "../x.yaml", ""):
            found = await AskedPolicies().guard(guard, name)
            assert isinstance(found, Denied)
            assert ", ".join(packs()) in found.message


async def test_the_policy_in_force_may_be_asked_for_and_a_weaker_one_may_not() -> None:
    with Guard("strict", FakeClassifier()) as guard:
        asked_for = AskedPolicies()
        assert await asked_for.guard(guard, "strict") is guard
        weaker = await asked_for.guard(guard, "permissive")
        assert isinstance(weaker, Denied)
        assert weaker.status == 400
        assert await asked_for.guard(guard, "permissive") is weaker


async def test_nothing_can_be_asked_for_where_the_guard_is_off() -> None:
    assert isinstance(await AskedPolicies().guard(None, "strict"), Denied)
