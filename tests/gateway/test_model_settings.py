from pathlib import Path

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.model_settings import check_present, entry_fault
from headgate.gateway.settings_file import json_schema, load_values, read_text
from headgate.models.errors import ConfigError, ModelUnavailable
from headgate.models.judges import CascadeOf, Entry, Judges

HEAD = "version: 1\nupstream: http://localhost:1/v1\n"
GUARD = "{use: llama-guard-3-8b, via: openai, url: 'http://a/v1', model: m, key: '${KEY}', timeout: 2.5}"
CASCADE = f"""models:
  - {GUARD}
  - {{use: text}}
  - {{use: toxic-bert, path: bert}}
combine: {{quorum: 2}}
cascade: {{first: text, then: llama-guard-3-8b, between: [0.2, 0.8]}}
"""


def faults(text: str) -> list[str]:
    return [
        f"{d.line}: {d.message}" for d in read_text(HEAD + text, file="f.yaml", environment={"KEY": "k"}).diagnostics
    ]


def test_models_of_a_file_are_those_of_the_guard(tmp_path: Path):
    (tmp_path / "bert").mkdir()
    path = tmp_path / "headgate.yaml"
    path.write_text(HEAD + CASCADE)
    settings = Settings(**load_values(path, {"KEY": "hush"}))
    assert isinstance(settings.judges, Judges)
    first, second, third = settings.judges.models
    assert (first.key, first.timeout, second.label) == ("hush", 2.5, "text")
    assert third.path == str(tmp_path / "bert")
    assert settings.judges.cascade == CascadeOf(first="text", then="llama-guard-3-8b", between=(0.2, 0.8))


def test_without_models_the_one_or_the_embedded_model_judges():
    assert Settings(upstream="http://a/v1").judges is None
    assert Settings(upstream="http://a/v1", model="text").judges == "text"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models:\n  - {use: text}\n  - {use: llama-guard-9}\n", "5: models: no model or guard 'llama-guard-9'"),
        ("models: [{use: llama-guard-3-8b}]\n", "3: models: llama-guard-3-8b via openai needs url and model"),
        ("models: [{use: text}, {use: text}]\n", "3: models: two are called 'text'"),
        ("models: [{use: text}]\nmodel: text\n", "3: models stand beside model: write one of them"),
        ("combine: first_available\n", "3: cascade and combine put models together: write models too"),
        ("models: [{use: text}]\ncascade: {first: text, then: other}\n", "3: cascade.then must be one of the models"),
        ("models: [{use: text, colour: red}]\n", "3: unknown key 'colour'"),
        ("models: [{use: text}]\ncombine: mean\n", "4: combine cannot be 'mean'"),
    ],
)
def test_a_fault_is_told_at_its_line(text: str, said: str):
    assert any(fault.startswith(said) for fault in faults(text)), faults(text)


def test_settings_that_do_not_fit_together_cannot_be_made():
    with pytest.raises(ConfigError, match="beside model"):
        Settings(upstream="http://a/v1", model="text", models=(Entry(use="text"),))
    with pytest.raises(ConfigError, match="write models too"):
        Settings(upstream="http://a/v1", cascade=CascadeOf(first="a", then="b"))


def test_what_is_missing_is_told_before_a_worker_starts(tmp_path: Path):
    check_present(None)
    check_present("text")
    with pytest.raises(ModelUnavailable):
        check_present("nowhere")
    with pytest.raises(ConfigError, match="needs path"):
        check_present(Judges(models=(Entry(use="toxic-bert"),)))
    path = tmp_path / "judges.yaml"
    path.write_text("models: [{use: text}]")
    check_present(str(path))


def test_an_entry_is_sound_or_says_why_not():
    assert entry_fault({"use": "text"}) == ""
    assert "timeout" in entry_fault({"use": "text", "timeout": -1})


def test_the_schema_for_editors_knows_the_models():
    assert {"models", "combine", "cascade"} <= json_schema()["$defs"]["Configuration"]["properties"].keys()
