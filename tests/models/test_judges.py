import msgspec
import pytest

from headgate.models.errors import ConfigError
from headgate.models.judges import Entry, Judges
from headgate.models.merge import Quorum

TWO = [{"use": "text"}, {"use": "llama-guard-3-8b", "via": "openai", "url": "http://a/v1", "model": "m", "key": "hush"}]


def judges(**fields: object) -> Judges:
    return msgspec.convert({"models": TWO, **fields}, Judges)


def test_a_configuration_is_what_it_says():
    found = judges(combine={"quorum": 2}).checked()
    assert found.combine == Quorum(2)
    assert [entry.label for entry in found.models] == ["text", "llama-guard-3-8b"]
    assert judges().combine == "max"


def test_a_cascade_names_two_of_the_models():
    found = judges(cascade={"first": "text", "then": "llama-guard-3-8b", "between": [0.1, 0.9]}).checked()
    assert found.cascade is not None
    assert found.cascade.between == (0.1, 0.9)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"models": []}, "at least one"),
        ({"models": [{"use": "text"}, {"use": "text"}]}, "two are called 'text'"),
        ({"combine": {"quorum": 3}}, r"combine\.quorum must be from 1"),
        ({"cascade": {"first": "text", "then": "other"}}, r"cascade\.then must be one of"),
        ({"cascade": {"first": "text", "then": "text"}}, "two models"),
        ({"cascade": {"first": "text", "then": "llama-guard-3-8b", "between": [0.9, 0.1]}}, r"cascade\.between"),
    ],
)
def test_names_that_do_not_fit_together_are_refused_with_the_field(fields: dict[str, object], said: str):
    with pytest.raises(ConfigError, match=said):
        judges(**fields).checked()


@pytest.mark.parametrize(
    "fields", [{"combine": "mean"}, {"models": [{"use": "text", "uses": 1}]}, {"models": [{"use": "a", "timeout": 0}]}]
)
def test_unknown_keys_and_values_out_of_bounds_are_refused(fields: dict[str, object]):
    with pytest.raises(msgspec.ValidationError):
        judges(**fields)


def test_two_of_a_kind_are_told_apart_by_name():
    judges(models=[{"use": "text"}, {"use": "text", "name": "again"}]).checked()


def test_a_key_is_shown_nowhere():
    assert "hush" not in repr(judges())
    assert Entry(use="a", key="hush").key == "hush"
