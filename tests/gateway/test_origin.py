from __future__ import annotations

from pathlib import Path

import pytest

from headgate.gateway.origin import Origin, settings_of
from headgate.gateway.settings_file import SettingsError
from headgate.models.errors import ConfigError


def test_settings_name_every_fault_of_their_file_or_what_nobody_gave(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nport: x\nworkers: 0\n")
    with pytest.raises(SettingsError) as caught:
        settings_of(Origin(file=str(path)), {})
    assert len(caught.value.diagnostics) == 2
    with pytest.raises(ConfigError, match="upstream is missing"):
        settings_of(Origin(), {})
    flags = {"upstream": "http://x", "limits": ["requests=5/m"]}
    assert settings_of(Origin(flags=flags), {"HEADGATE_UPSTREAM_KEY": "k"}).upstream_key == "k"
    assert settings_of(Origin(flags=flags), {}).limits == ("requests=5/m",)


def test_an_upstream_that_is_a_flag_stands_for_all_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nupstreams: {a: {url: http://a}}\nroutes: [{model: m, upstream: a}]\n")
    assert set(settings_of(Origin(file=str(path)), {}).upstreams) == {"a"}
    found = settings_of(Origin(file=str(path), flags={"upstream": "http://x"}), {})
    assert (found.upstream, found.upstreams, found.routes) == ("http://x", {}, ())


def test_the_kind_of_the_files_upstream_is_not_that_of_the_flag(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\nupstream: http://a\nupstream_kind: anthropic\n")
    kinds = [
        settings_of(Origin(file=str(path), flags=flags), {}).upstream_kind
        for flags in ({}, {"upstream": "http://x"}, {"upstream": "http://x", "upstream_kind": "vllm"})
    ]
    assert kinds == ["anthropic", "native", "vllm"]
