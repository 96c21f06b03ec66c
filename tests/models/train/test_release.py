import hashlib
import json

import numpy as np
import pytest

from headgate.models.taxonomy import SLUGS

pytest.importorskip("torch")

from headgate.models.encoding import MARKERS, PairEncoder
from headgate.models.train import release
from headgate.models.train.calibrate import Line
from headgate.models.train.export import OnnxScorer
from headgate.models.train.rows import HEADS, Row
from headgate.models.train.score import row_logits


@pytest.fixture(scope="module")
def folder(trained):
    return trained / "weights"


@pytest.fixture(scope="module")
def manifest(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "How do I plant tulips?", "unsafe": 0.0} | changes))


def test_a_release_holds_the_graph_its_tokenizer_a_manifest_and_a_card(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.md",
        "manifest.json",
        "model.onnx",
        "tokenizer.json",
    ]


def test_the_manifest_tells_digests_and_sizes_of_the_files_as_they_are(folder, manifest):
    for name, entry in manifest["files"].items():
        data = (folder / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def test_the_manifest_names_heads_markers_and_a_line_for_every_head(manifest):
    assert tuple(manifest["heads"]) == HEADS
    assert manifest["markers"] == dict(MARKERS)
    assert set(manifest["calibration"]) == set(HEADS)


def test_one_threshold_holds_for_both_gates_and_every_threshold_is_a_probability(manifest):
    assert manifest["threshold"]["unsafe"] == manifest["threshold"]["prompt_attack"]
    assert {"sensitive", "refusal", *manifest["covers"]} <= set(manifest["threshold"])
    assert all(0 < value < 1 for value in manifest["threshold"].values())


def test_false_alarm_thresholds_fall_as_the_rate_rises(manifest):
    table = manifest["false_alarm"]["unsafe"]
    values = [table[rate] for rate in sorted(table, key=float)]
    assert len(values) == 7
    assert values == sorted(values, reverse=True)


def test_every_evaluation_set_is_in_the_metrics(manifest):
    assert set(manifest["metrics"]["sets"]) == {"hatecheck", "overt_twins"}
    assert manifest["metrics"]["sets"]["hatecheck"]["rows"] == 40


def test_the_runtime_loads_what_was_released(folder, manifest):
    encoder = PairEncoder.from_file(str(folder / "tokenizer.json"))
    logits = row_logits([row(prompt="paint the tulip")], encoder, OnnxScorer(folder / "model.onnx"))
    assert logits.shape == (1, len(manifest["heads"]))
    assert np.isfinite(logits).all()


def test_run_facts_are_the_state_in_the_checkpoint(trained):
    facts = release.run_facts(trained / "seed-7" / "checkpoint.pt")
    assert facts["rows"] > 0
    assert 0 < facts["seconds"] < 60


def test_a_slug_is_covered_from_200_rows_on():
    rows = [row(unsafe=1.0, categories=("insult",))] * 200 + [row(unsafe=1.0, categories=("drugs",))] * 199
    assert release.covers(rows) == ["insult"]


def test_attack_rows_cover_prompt_attack_without_naming_it():
    assert release.covers([row(attack=1.0)] * 200) == ["prompt_attack"]


def test_covered_slugs_come_in_the_order_of_the_taxonomy():
    rows = [row(unsafe=1.0, categories=("other", "violence", "national_security"))] * 200
    assert release.covers(rows) == [slug for slug in SLUGS if slug in ("other", "violence", "national_security")]


def test_flips_count_decisions_that_differ_at_the_threshold():
    made = release.Release(dict.fromkeys(HEADS, Line()), {"unsafe": 0.5}, {}, {})
    exact = np.full((4, len(HEADS)), -5.0)
    quantised = exact.copy()
    quantised[0, HEADS.index("unsafe")] = 5.0  # flips
    quantised[1, HEADS.index("unsafe")] = -0.1  # moves, but stays below
    found = release._flips(made, quantised, exact)
    assert (found["rows"], found["share"]) == (4, 0.25)
    assert found["worst"] == pytest.approx(0.9866, abs=1e-3)


def test_centred_logits_are_those_of_a_centred_graph():
    lines = {token: Line(scale=float(token), bias=0.5) for token in MARKERS.values()}
    logits = np.ones((2, len(HEADS)), dtype=np.float32)
    release._centre_logits(logits, [row(), row(marker="text")], {"unsafe": lines})
    assert logits[:, HEADS.index("unsafe")].tolist() == [MARKERS["chat"] + 0.5, MARKERS["text"] + 0.5]
    assert (np.delete(logits, HEADS.index("unsafe"), axis=1) == 1.0).all()


def test_centring_writes_a_line_at_its_head_and_marker_alone(tiny_net):
    release._centre(tiny_net, {"unsafe": {MARKERS["text"]: Line(scale=2.0, bias=-1.0)}})
    at = (MARKERS["text"], HEADS.index("unsafe"))
    assert (tiny_net.marker_scale[at].item(), tiny_net.marker_bias[at].item()) == (2.0, -1.0)
    assert int((tiny_net.marker_scale != 1.0).sum()) == int((tiny_net.marker_bias != 0.0).sum()) == 1
