import pytest

pytest.importorskip("torch")

from headgate.models.train import card
from headgate.models.train.rows import HEADS, Row

FIGURES = {
    "rows": 40,
    "f1": 0.8312,
    "f1_low": 0.8111,
    "f1_high": 0.8499,
    "precision": 0.9,
    "recall": 0.7723,
    "fpr": 0.0456,
    "auprc": 0.9123,
    "auroc": 0.8765,
}


@pytest.fixture
def manifest():
    return {
        "name": "text", "version": "9.8.7", "licence": "Apache-2.0", "base": "a-tiny-base", "heads": list(HEADS),
        "covers": ["violence", "drugs"], "threshold": {"unsafe": 0.4321},
        "files": {"model.onnx": {"bytes": 1234567, "sha256": "ab" * 32},
                  "tokenizer.json": {"bytes": 9, "sha256": "cd"}},
        "metrics": {
            "sets": {"hatecheck": FIGURES, "my_set": FIGURES},
            "style_words": {"plain": 0.0123, "styled": 0.0456},
            "int8_flips": {"rows": 2000, "share": 0.0015, "worst": 0.03},
            "milliseconds": {"2": {"16": {"median": 1.25, "p5": 1.2, "p95": 1.5}}},
            "cpu": "A Fine CPU",
            "validation": {"f1": 0.9, "auprc": 0.95, "false_alarms_by_kind": {"chat_safe": 0.0123},
                           "heads": {"refusal": {"auroc": 0.97, "positives": 77}},
                           "severity": {"rows": 1500, "macro_f1": 0.61, "kappa": 0.72}},
        },
    }  # fmt: skip


def rows():
    base = {"marker": "chat", "prompt": "x", "unsafe": 0.0}
    made = [Row(source="first", licence="MIT", **base)] * 1200
    return [*made, Row(source="first", licence="MIT", **base | {"unsafe": 1.0}), Row(source="second", **base)]


@pytest.fixture
def text(manifest):
    return card.render(manifest, rows(), {"rows": 123456, "seconds": 3600.0, "mean": "a quarter of this"})


def test_the_card_tells_version_size_threshold_and_cover_of_the_manifest(text):
    for told in ("# text 9.8.7", "1,234,567 bytes", "0.4321", "`violence`, `drugs`", "a-tiny-base", "Apache-2.0"):
        assert told in text


def test_every_set_has_a_line_of_figures_and_a_floor_where_one_was_measured(text):
    line = "| 40 | 83.1 (81.1-85.0) | 90.0 | 77.2 | 4.6 | 0.912 | 0.876 |"
    assert f"| hatecheck {line} 76.8 |" in text
    assert f"| my_set {line} – |" in text


def test_the_card_tells_alarms_heads_severity_precision_and_speed(text):
    for told in ("1.23% plain, 4.56% with style", "chat_safe 1.2%", "refusal 0.97 (77)", "kappa 0.72", "0.15% of 2,000",
                 "A Fine CPU. 2 threads: 16 tokens 1.25 ms (1.2-1.5)", "ab" * 32):  # fmt: skip
        assert told in text


def test_the_card_tells_how_long_it_was_trained(text):
    assert "123,456 rows were drawn in 60 minutes" in text


def test_every_source_has_its_licence_number_and_kinds(text):
    assert "| first | MIT | 1,201 | chat_safe, chat_unsafe |" in text
    assert "| second | CC0-1.0 | 1 | chat_safe |" in text


def test_no_slot_is_left_open_and_the_failures_are_told(text):
    assert "{" not in text
    assert text.index("## Known failures") > text.index("## Data") > text.index("## Recipe") > text.index("## Figures")


def test_other_figures_in_the_manifest_make_another_card(manifest, text):
    manifest["metrics"]["sets"]["my_set"] = FIGURES | {"f1": 0.111}
    assert "| my_set | 40 | 11.1 (" in card.render(manifest, rows(), {"rows": 1, "seconds": 60.0, "mean": ""})


def test_what_earlier_steps_reached_stands_beside_the_end(manifest):
    step = {"name": "public sets alone", "rows": 5000, "auprc": {"hatecheck": 0.5, "my_set": 0.25}}
    manifest["metrics"]["steps"] = [step]
    made = card.render(manifest, rows(), {"rows": 1, "seconds": 60.0, "mean": ""})
    assert "| public sets alone | 5,000 | 0.500 | 0.250 |" in made
    assert "| their mean, calibrated by kind of input, int8 | | 0.912 | 0.912 |" in made


def test_groups_are_told_with_the_most_flagged_first(manifest):
    groups = {"poet": {"rows": 10, "fpr": 0.2}, "baker": {"rows": 9, "fpr": 0.0}}
    manifest["metrics"]["groups"] = {"rows": 19, "fpr": 0.105, "recall": 0.9, "groups": groups}
    made = card.render(manifest, rows(), {"rows": 1, "seconds": 60.0, "mean": ""})
    assert "10.5% flagged, and 90.0% of the unkind ones" in made
    assert "poet 20% of 10, none of the other 1 groups" in made


def test_a_card_of_a_research_model_says_what_it_may_not_be_used_for(manifest, text):
    made = card.render(manifest | {"licence": "research only"}, rows(), {"rows": 1, "seconds": 60.0, "mean": ""})
    assert "not in a product" in made
    assert "not in a product" not in text


def test_the_recipe_tells_what_the_weights_are_a_mean_of(text):
    assert "a quarter of this" in text
    assert card.mean_of({"start, seed 3": 1, "end, seed 3": 2}) == "33% start, seed 3; 67% end, seed 3"
