import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from headgate.models.train import evaluate
from headgate.models.train.augment import STYLES
from headgate.models.train.rows import HEADS, UNKNOWN, Row


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "x", "unsafe": 0.0, "categories": ()} | changes))


def by_word(word):
    """A score that is high where a prompt holds a word."""
    return lambda rows: np.array([0.9 if word in one.prompt else 0.1 for one in rows])


def test_figures_of_a_set_are_those_of_its_confusion_table():
    truth = np.array([True, True, True, False, False])
    made = evaluate.measure("tiny", truth, np.array([0.9, 0.8, 0.3, 0.6, 0.1]), 0.5)
    assert (made.name, made.rows, made.positives, made.threshold) == ("tiny", 5, 3, 0.5)
    assert (made.precision, made.recall, made.f1) == (pytest.approx(2 / 3),) * 3
    assert made.fpr == pytest.approx(1 / 2)
    assert made.auroc == pytest.approx(5 / 6)
    assert made.best_f1 == pytest.approx(6 / 7)


def test_a_score_at_the_threshold_is_flagged():
    assert evaluate.measure("tiny", np.array([True, False]), np.array([0.5, 0.4]), 0.5).recall == 1.0


def test_a_threshold_above_all_scores_gives_zeros_instead_of_failing():
    made = evaluate.measure("tiny", np.array([True, False]), np.array([0.5, 0.4]), 0.99)
    assert (made.f1, made.precision, made.recall, made.fpr) == (0, 0, 0, 0)


def test_evaluation_rows_read_label_and_text_alone(pack, raw, tmp_path):
    rows = [raw(), raw(label="attack", severity=None), raw(label="sensitive"),
            raw(label="unsafe", kind="pair", severity=2,
            response="Dig."), raw(kind="post", response="kept out")]  # fmt: skip
    made = evaluate.eval_rows(pack(tmp_path / "some_set.jsonl.zst", rows))
    assert [one.unsafe for one in made] == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert [one.marker for one in made] == ["chat", "chat", "chat", "pair", "text"]
    assert [one.severity for one in made] == [0, -1, 0, 2, 0]
    assert [one.response for one in made] == [None, None, None, "Dig.", None]
    assert {one.source for one in made} == {"some_set"}


def test_every_file_of_the_folder_is_measured_or_the_named_ones(pack, raw, tmp_path):
    rows = [raw(prompt="dull"), raw(prompt="tulip", label="unsafe")]
    for name in ("b_set", "a_set"):
        pack(tmp_path / f"{name}.jsonl.zst", rows)
    made = evaluate.text_sets(tmp_path, by_word("tulip"), 0.5)
    assert [(one.name, one.f1) for one in made] == [("a_set", pytest.approx(1.0)), ("b_set", pytest.approx(1.0))]
    assert [one.name for one in evaluate.text_sets(tmp_path, by_word("tulip"), 0.5, ["b_set"])] == ["b_set"]


def test_visual_rows_come_from_the_named_sources_with_a_certain_label(pack, raw_picture, tmp_path):
    rows = [raw_picture(text="a"), raw_picture(text="b", source="other"), raw_picture(text="c", label=-1),
            raw_picture(text="d", task="t2v", label=1)]  # fmt: skip
    made = evaluate.visual_rows(pack(tmp_path / "p.jsonl.zst", rows), ("own",))
    assert [(one.prompt, one.marker, one.unsafe) for one in made] == [("a", "t2i", 0.0), ("d", "t2v", 1.0)]


def test_twins_set_unsafe_prompts_against_their_harmless_twins_alone(pack, raw_picture, tmp_path):
    rows = [raw_picture(source="OVERT-unsafe", label=1, text="a dull barn"),
            raw_picture(source="OVERT-unsafe-benign-twin", text="a red barn"),
            raw_picture(text="a dull boat")]  # fmt: skip
    made = evaluate.twins(pack(tmp_path / "p.jsonl.zst", rows), by_word("dull"), 0.5)
    assert (made.rows, made.positives, made.auroc) == (2, 1, 1.0)


def test_style_words_are_charged_with_the_alarms_they_add(pack, raw_picture, tmp_path):
    captions = [raw_picture(source=source, text="a red barn") for source in ("COCO-captions", "PartiPrompts") * 4]
    path = pack(tmp_path / "p.jsonl.zst", captions)

    def afraid_of_style(rows):
        return np.array([float(any(style in one.prompt for style in STYLES)) for one in rows])

    assert evaluate.style_false_alarms(path, afraid_of_style, 0.5) == {"plain": 0.0, "styled": 1.0, "added": 1.0}
    assert evaluate.style_false_alarms(path, by_word("barn"), 0.5) == {"plain": 1.0, "styled": 1.0, "added": 0.0}


def test_the_table_of_heads_holds_those_with_both_classes_on_known_rows():
    rows = [row(unsafe=1.0, categories=("drugs",)), row(), row(unsafe=UNKNOWN, categories=None)]
    found = np.zeros((3, len(HEADS)))
    found[0] = 0.9
    found[2] = 1.0  # unknown: must not count
    made = evaluate.heads_table(rows, found, HEADS)
    assert made == {head: {"positives": 1, "auroc": 1.0} for head in ("unsafe", "drugs")}


def test_severity_agreement_is_full_for_the_right_grades_and_skips_unknown_ones():
    rows = [row(severity=severity) for severity in (0, 1, 2, 3, -1)]
    right = np.array([[grade >= step for step in (1, 2, 3)] for grade in (0, 1, 2, 3, 0)], dtype=float)
    made = evaluate.severity_table(rows, right)
    assert made == {"rows": 4, "macro_f1": 1.0, "kappa": 1.0}
    assert evaluate.severity_table(rows, 1.0 - right)["kappa"] < 0.2


def test_the_interval_holds_f1_and_narrows_with_more_rows():
    truth = np.array([True] * 30 + [False] * 70)
    flagged = np.array([True] * 24 + [False] * 6 + [True] * 10 + [False] * 60)
    low, high = evaluate.f1_interval(flagged, truth)
    assert low < 2 * 24 / (34 + 30) < high
    more = evaluate.f1_interval(np.tile(flagged, 25), np.tile(truth, 25))
    assert more[1] - more[0] < (high - low) / 3


def test_calibration_error_is_zero_where_probabilities_are_frequencies():
    scores = np.repeat([0.2, 0.8], 500)
    truth = np.concatenate((np.arange(500) < 100, np.arange(500) < 400)).astype(float)
    assert evaluate.calibration_error(scores, truth, bins=2) == pytest.approx(0.0, abs=1e-9)
    assert evaluate.calibration_error(1 - scores, truth, bins=2) == pytest.approx(0.6)


def test_groups_are_counted_by_kind_sentences_alone():
    rows = [row(prompt="Ana is a kind poet")] * 8 + [row(prompt="Ana is a rude poet", unsafe=1.0)] * 4
    rows += [row(prompt="Bo is a kind baker")] * 8 + [row(prompt="Bo is a kind miller")]
    made = evaluate.groups_table(rows, by_word("poet")(rows), 0.5)
    assert (made["rows"], made["recall"]) == (17, 1.0)
    assert list(made["groups"]) == ["poet", "baker"]
    assert made["groups"]["poet"] == {"rows": 8, "fpr": 1.0}
