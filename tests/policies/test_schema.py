from __future__ import annotations

import msgspec

from headgate.models.taxonomy import SLUGS
from headgate.policies.load import load_source
from headgate.policies.schema import POSSIBLE, Document, json_schema
from headgate.policies.tree import plain
from headgate.policies.verdict import Action


def test_the_json_schema_refuses_unknown_keys_and_lists_every_category() -> None:
    schema = json_schema()
    definitions = schema["$defs"]
    assert all(part["additionalProperties"] is False for part in definitions.values())
    properties = definitions["Document"]["properties"]
    categories, thresholds = (properties[key]["propertyNames"]["enum"] for key in ("categories", "thresholds"))
    assert categories[: len(SLUGS)] == list(SLUGS)
    assert {"harassment/threatening", "SelfHarm", "S14"} <= set(categories)
    assert thresholds[: len(SLUGS) + 2] == ["default", "sensitive", *SLUGS]
    assert definitions["Document"]["required"] == ["version"]
    assert json_schema() == msgspec.json.decode(msgspec.json.encode(schema))


def test_the_base_pack_states_every_default_of_the_schema() -> None:
    # Two places hold the defaults: the schema for types, base.yaml for people. They must not drift apart.
    base = msgspec.convert(plain(load_source("base").root), Document)
    bare = Document(version=1)
    for field in ("mode", "regenerate", "stream", "sampling", "on_unjudged", "on_error", "block"):
        assert getattr(base, field) == getattr(bare, field), field


def test_every_action_is_possible_somewhere() -> None:
    assert {Action(name) for names in POSSIBLE.values() for name in names} == set(Action)
