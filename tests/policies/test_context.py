from __future__ import annotations

import msgspec

from headgate.policies.context import NOWHERE, Context


def test_circumstances_survive_json_and_nothing_is_written_of_what_is_not_known() -> None:
    context = Context(tenant="acme", languages=("de", "en"), strikes=2.5, today="2026-11-21")
    assert msgspec.json.decode(msgspec.json.encode(context), type=Context) == context
    assert msgspec.json.encode(NOWHERE) == b"{}"
