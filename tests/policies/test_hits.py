from __future__ import annotations

import msgspec

from headgate.policies.hits import Hit


def test_a_hit_survives_json_and_holds_places_and_no_words() -> None:
    hit = Hit(rule="lists.codes", spans=((3, 9),))
    assert msgspec.json.encode(hit) == b'{"rule":"lists.codes","spans":[[3,9]]}'
    assert msgspec.json.decode(msgspec.json.encode(hit), type=Hit) == hit
