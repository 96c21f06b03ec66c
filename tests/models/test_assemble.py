from pathlib import Path

import msgspec
import numpy as np
import pytest

from headgate.export.write import entries
from headgate.models.assemble import assemble, joined, one
from headgate.models.assessment import Assessed
from headgate.models.cascade import Cascade
from headgate.models.classifier import callers_of, is_local
from headgate.models.combine import Combined
from headgate.models.content import Text
from headgate.models.errors import ConfigError, ModelUnavailable
from headgate.models.exported import Axes, Engine, Exported
from headgate.models.fakes import FakeClassifier
from headgate.models.judges import Entry
from headgate.models.merge import Quorum

from .guards.graphs import write_tokenizer
from .test_exported import exported, write
from .v2_server import serving

SERVED = {"use": "llama-guard-3-8b", "via": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}


def of_files(folder: Path, manifest: Exported) -> Exported:
    return msgspec.structs.replace(manifest, files=entries(folder))


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
        ({"use": "toxic-bert", "via": "kserve", "path": "a"}, "needs url"),
        ({"use": "toxic-bert", "via": "onnx", "path": "a", "url": "http://a"}, "leave url out"),
        ({"use": "llama-guard-4", "via": "kserve", "path": "a", "url": "http://a"}, "only via openai"),
        ({"use": "toxic-bert", "path": "a", "url": "nowhere"}, "no folder a"),
        ({"use": "text", "via": "kserve"}, "needs url, such as http://triton:8000"),
        ({"use": "text", "url": "http://a"}, "needs path: what `headgate export text --to triton` wrote"),
        ({"use": "text", "via": "openai", "url": "http://a"}, "write via: kserve"),
        ({"use": "granite-guardian", "url": "http://a", "model": "m", "endpoint": "completions"}, "chat template"),
        ({"use": "llama-guard-3-8b", "url": "nowhere", "model": "m"}, "url must be a URL"),
        ({"use": "text", "colour": "red"}, "colour"),
    ],
)
def test_an_entry_that_cannot_be_says_what_to_write(entry: dict[str, str], said: str):
    with pytest.raises((ConfigError, ModelUnavailable), match=said.replace("(", r"\(")):
        assemble([entry])


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(ModelUnavailable, match="no folder /nowhere"):
        one(Entry(use="toxic-bert", path="/nowhere"))


def test_an_engine_of_another_machine_says_why_it_does_not_run(tmp_path: Path):
    engine = Engine(
        backend="tensorrt", version="10.0.1", capabilities=("8.9",), newer=False, platform="Plan9-vax", profiles=()
    )
    (tmp_path / "model.plan").write_bytes(b"engine")
    write(tmp_path, of_files(tmp_path, exported(target="tensorrt", graph="model.plan", engine=engine)))
    with pytest.raises(ModelUnavailable, match="this engine does not run here"):
        assemble([{"use": "toxic-bert", "path": str(tmp_path)}])


def test_a_guard_behind_a_server_of_kserve_is_no_work_of_this_process(tmp_path: Path):
    write_tokenizer(tmp_path / "tokenizer.json")
    inputs = (Axes(name="input_ids", dtype="int64", shape=("batch", "sequence")),)
    made = of_files(tmp_path, exported(target="triton", graph="repository/tiny/1/model.onnx", inputs=inputs))
    write(tmp_path, msgspec.structs.replace(made, heads=("SAFE", "INJECTION")))
    with serving(lambda feeds: feeds["input_ids"][:, :2].astype(np.float32) * [1, 3]) as server:
        entry = {"use": "protectai-injection", "via": "kserve", "path": str(tmp_path), "url": server.url, "callers": 5}
        (judge,) = assemble([entry | {"key": "opened"}])
        assert (is_local(judge), callers_of(judge)) == (False, 5)
        (found,) = judge.assess([Text(text="tea alarm")])
        assert isinstance(found, Assessed)
        assert found.unsafe > 0.9
        assert server.asked[0]["authorization"] == "Bearer opened"


def test_two_entries_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two are called"):
        assemble([SERVED, SERVED])
