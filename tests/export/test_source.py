from __future__ import annotations

from pathlib import Path

import pytest

from headgate.export import checkpoint
from headgate.export.embedded import Embedded
from headgate.export.source import Asked, open_source
from headgate.models.errors import ConfigError, ModelUnavailable
from headgate.models.registry import embedded


def test_a_shipped_name_and_a_folder_of_its_kind_are_the_embedded_model() -> None:
    for model in ("text", str(embedded())):
        assert isinstance(open_source(model, Asked(rows=1)), Embedded)


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"neither a manifest\.json nor the config\.json"):
        open_source(str(tmp_path), Asked())


@pytest.mark.parametrize("model", ["no such model", "a/b/c", "texts"])
def test_what_is_no_name_folder_or_id_is_refused_with_the_names(model: str) -> None:
    with pytest.raises(ConfigError, match=r"give one of text"):
        open_source(model, Asked())


def test_a_hub_that_cannot_be_reached_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def gone(*_: object, **__: object) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr(hub, "snapshot_download", gone)
    with pytest.raises(ModelUnavailable, match=r"ConnectionError.*HF_TOKEN, or give a local folder"):
        checkpoint.fetch("someone/guard", revision=None)
