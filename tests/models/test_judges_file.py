from pathlib import Path

import pytest

from headgate.models.assemble import assemble
from headgate.models.errors import ConfigError
from headgate.models.guards.judge import GenerativeJudge
from headgate.models.judges_file import is_judges_file, read_judges

FILE = """
upstream: http://localhost:1/v1
models:
  - {use: small}
  - {use: llama-guard-3-8b, via: openai, url: 'http://127.0.0.1:9/v1', model: m, key: '${GUARD_KEY}'}
cascade: {first: small, then: llama-guard-3-8b, between: [0.2, 0.8]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "judges.yaml"
    path.write_text(text)
    return path


def test_a_folder_beside_the_file_is_found(tmp_path: Path):
    (tmp_path / "small").mkdir()
    found = read_judges(write(tmp_path, FILE.replace("first: small", f"first: {tmp_path}/small")))
    assert found.models[0].use == str(tmp_path / "small")
    assert found.models[1].use == "llama-guard-3-8b"


def test_its_name_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path, "models:\n" + FILE.splitlines()[4] + "\n")
    with pytest.raises(ConfigError, match="GUARD_KEY is not set"):
        assemble(path)
    monkeypatch.setenv("GUARD_KEY", "hush")
    (found,) = assemble(str(path))
    assert isinstance(found, GenerativeJudge)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no models"),
        ("models: []", "at least one"),
        ("models: [{use: text, colour: red}]", "colour"),
        ("models: [{use: text}]\ncombine: {quorum: 2}", "quorum"),
        ("models: [", "not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(tmp_path: Path, text: str, said: str):
    with pytest.raises(ConfigError, match=said):
        read_judges(write(tmp_path, text))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        read_judges("nowhere.yaml")


def test_a_file_is_known_by_its_ending():
    assert is_judges_file("a.yaml")
    assert is_judges_file(Path("a.yml"))
    assert not is_judges_file("text")
