from pathlib import Path

import pytest

from headgate.models.assemble import assemble, joined, one
from headgate.models.cascade import Cascade
from headgate.models.combine import Combined
from headgate.models.errors import ConfigError, ModelUnavailable
from headgate.models.fakes import FakeClassifier
from headgate.models.judges import Entry
from headgate.models.merge import Quorum

SERVED = {"use": "llama-guard-3-8b", "via": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}


def test_a_classifier_that_is_there_is_taken_as_it_is(tiny: Path):
    mine = FakeClassifier()
    assert assemble(mine) == (mine,)
    assert assemble([mine]) == (mine,)
    (text,) = assemble(tiny)
    assert text.name == "tiny@0.0.1"


def test_those_that_read_one_kind_are_made_one(tiny: Path):
    eyes = FakeClassifier(kinds=frozenset({"image"}))
    ears = FakeClassifier(kinds=frozenset({"text"}))
    both, seeing = assemble([ears, str(tiny), eyes])[0], assemble([ears, str(tiny), eyes])[1]
    assert isinstance(both, Combined)
    assert both.members[0] is ears
    assert seeing is eyes


def test_a_kind_that_links_two_others_puts_all_under_one_rule():
    eyes, ears = FakeClassifier(kinds=frozenset({"image"})), FakeClassifier(kinds=frozenset({"text"}))
    (found,) = joined([eyes, ears, FakeClassifier()], rule=Quorum(2))
    assert isinstance(found, Combined)
    assert len(found.members) == 3


def test_a_mapping_with_models_is_a_whole_configuration(tiny: Path):
    (found,) = assemble(
        {
            "models": [{"use": str(tiny), "name": "small"}, SERVED],
            "cascade": {"first": "small", "then": "llama-guard-3-8b", "between": [0.3, 0.7]},
        }
    )
    assert isinstance(found, Cascade)
    assert [member.name for member in found.members] == ["tiny@0.0.1", "llama-guard-3-8b"]


def test_a_mapping_alone_is_one_entry():
    (found,) = assemble(SERVED | {"name": "guard"})
    assert found.name == "guard"
    assert found.kinds == {"text"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"use": "llama-guard-9"}, "no model or guard 'llama-guard-9'"),
        ({"use": "llama-guard-3-8b"}, "via openai needs url and model"),
        ({"use": "llama-guard-3-8b", "url": "http://a/v1"}, "needs model"),
        ({"use": "llama-guard-4", "via": "onnx"}, "cannot run via onnx, only via openai"),
        ({"use": "toxic-bert"}, "via onnx needs path; path is what `headgate export unitary/toxic-bert` wrote"),
        ({"use": "toxic-bert", "via": "openai"}, "cannot run via openai, only via onnx"),
        ({"use": "toxic-bert", "via": "triton", "path": "a"}, "needs url"),
        ({"use": "text", "url": "http://a"}, "leave via and url out"),
        ({"use": "granite-guardian", "url": "http://a", "model": "m", "endpoint": "completions"}, "chat template"),
        ({"use": "llama-guard-3-8b", "url": "nowhere", "model": "m"}, "url must be a URL"),
        ({"use": "text", "colour": "red"}, "colour"),
    ],
)
def test_an_entry_that_cannot_be_says_what_to_write(entry: dict[str, str], said: str):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        assemble([entry])


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(ModelUnavailable, match="no folder /nowhere"):
        one(Entry(use="toxic-bert", path="/nowhere"))


def test_two_entries_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two are called"):
        assemble([SERVED, SERVED])
