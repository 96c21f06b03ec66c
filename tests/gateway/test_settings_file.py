from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.gateway.config import Settings
from headgate.gateway.settings_file import (
    SettingsError,
    check_file,
    json_schema,
    load_values,
    read_file,
    read_text,
)

BAD = """version: 1
upstream: ${UPSTREAM:-localhost}
port: ${PORT:-90000}
worker: 2
log_format: xml
keep_alive: "abc"
upstream_key: ${NO_SUCH_KEY}
port: 1
"""


def values(text: str, **environment: str) -> dict[str, Any]:
    found = read_text(f"version: 1\n{text}", file="there/headgate.yaml", environment=environment)
    assert found.diagnostics == ()
    return found.values


def test_every_fault_is_told_at_once_with_its_place_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text(BAD)
    with pytest.raises(SettingsError) as caught:
        load_values(path, {})
    found = [(fault.line, fault.column, fault.code) for fault in caught.value.diagnostics]
    assert found == [
        (2, 11, "bad-value"),
        (3, 7, "bad-value"),
        (4, 1, "unknown-key"),
        (5, 13, "unknown-choice"),
        (6, 13, "wrong-type"),
        (7, 15, "unset-variable"),
        (8, 1, "duplicate-key"),
    ]
    message = str(caught.value)
    assert f"{path}:3:7: port must be from 0 to 65535; got 90000" in message
    assert "did you mean 'workers'?" in message
    assert "set it, or write ${NO_SUCH_KEY:-default}" in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "1:1: the configuration is empty"),
        ("[]", "1:1: a configuration is a mapping"),
        ("port: 80", "1:1: the configuration lacks 'version'"),
        ("version: 2", "1:10: version"),
        ("version: 1\n---\nversion: 1", "a configuration file holds one YAML document"),
        ("version: 1\nport: [", "not YAML"),
    ],
)
def test_a_file_that_is_no_configuration_says_so(text: str, line: str) -> None:
    (first, *_) = read_text(text, file="f").diagnostics
    assert line in f"{first.line}:{first.column}: {first.message}"


def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    binary = tmp_path / "x.yaml"
    binary.write_bytes(b"version: \xff")
    assert "not UTF-8 at byte 9" in read_file(binary).diagnostics[0].message
    assert "cannot be read: No such file" in read_file(tmp_path / "absent").diagnostics[0].message


def test_a_filled_in_word_takes_the_type_of_its_key() -> None:
    found = values(
        "port: ${P}\nupstream_key: ${K}\ntrace_content: ${B}\ntrace_sample: ${S:-0.5}\n", P="81", K="123", B="true"
    )
    assert found == {"port": 81, "upstream_key": "123", "trace_content": True, "trace_sample": 0.5}


def test_a_reference_to_nothing_leaves_its_key_out() -> None:
    assert values("upstream: ${URL:-}\nport: 81\n") == {"port": 81}


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\npolicy: mine.yaml\nrecord: audit.jsonl\nmodel: text\n")
    found = load_values(path, {})
    assert found == {"policy": str(tmp_path / "mine.yaml"), "record": str(tmp_path / "audit.jsonl"), "model": "text"}
    assert values("policy: strict\nrecord: '-'\n") == {"policy": "strict", "record": "-"}


def test_faults_of_the_policy_are_told_too(tmp_path: Path) -> None:
    path, policy = tmp_path / "headgate.yaml", tmp_path / "mine.yaml"
    path.write_text("version: 1\npolicy: mine.yaml\n")
    policy.write_text("version: 1\ninput: shout\n")
    assert [(fault.file, fault.line) for fault in check_file(path, {})] == [(str(policy), 2)]
    policy.write_text("version: 1\n")
    assert check_file(path, {}) == []
    path.write_text("version: 1\npolicy: off\n")
    assert check_file(path, {}) == []


def test_the_schema_describes_every_setting() -> None:
    (properties,) = [
        found["properties"] for found in json_schema()["$defs"].values() if "version" in found["properties"]
    ]
    assert set(properties) == {"version", *(field.name for field in msgspec.structs.fields(Settings))}
    assert properties["port"]["maximum"] == 65535
    assert all("description" in found for name, found in properties.items() if name != "version")


UPSTREAMS = """
upstreams:
  cloud: {url: "https://api.openai.com/v1", key: "${KEY}", timeouts: {idle: "${IDLE:-30}"}}
  local: {url: "http://localhost:8000/v1", kind: vllm}
routes:
  - {model: gpt-4o, upstream: cloud, fallback: [local/llama]}
  - {model: "*", upstream: local}
"""


def test_upstreams_and_routes_are_read_with_their_keys_from_the_environment() -> None:
    found = Settings(**values(UPSTREAMS, KEY="sk"))
    assert (found.upstreams["cloud"].key, found.upstreams["cloud"].timeouts.idle) == ("sk", 30)
    assert found.upstreams["local"].kind == "vllm"
    assert found.routes[0].fallback == ("local/llama",)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("kind: vllm", "kind: vlm", "4:50: upstreams.local.kind cannot be 'vlm'"),
        ("kind: vllm", "kin: vllm", "4:44: unknown key 'kin'"),
        ("http://localhost:8000/v1", "localhost", "4:3: upstreams.local.url must be a URL"),
        ("idle: \"${IDLE:-30}\"", "idle: 0", "3:3: upstreams.cloud: Expected `float` >= 0.01"),
        ("upstream: local}", "upstream: other}", "5:1: routes[1]: no upstream is named 'other'"),
        ("\nupstreams:", "\nupstream: http://x\nupstreams:", "2:1: upstreams stand beside upstream"),
    ],
)  # fmt: skip
def test_faults_of_upstreams_have_their_place(old: str, new: str, fault: str) -> None:
    text = "version: 1" + UPSTREAMS.replace(old, new)
    found = read_text(text, file="h.yaml", environment={"KEY": "sk"})
    assert [f"{one.line}:{one.column}: {one.message}"[: len(fault)] for one in found.diagnostics] == [fault]


def test_the_upstreams_in_the_documents_are_sound() -> None:
    page = (Path(__file__).parents[2] / "docs" / "upstreams.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert blocks
    for block in blocks:
        keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_KEY"), "k")
        found = read_text(block, file="h.yaml", environment=keys)
        assert found.diagnostics == ()
        assert Settings(**found.values).upstreams


def test_a_list_of_what_is_no_text_is_a_fault_and_nothing_worse() -> None:
    (fault,) = read_text("version: 1\nupstream: http://x\nlimits: [{a: b}]\n", file="f", environment={}).diagnostics
    assert fault.message == "limits[0] takes a text, not a mapping"
