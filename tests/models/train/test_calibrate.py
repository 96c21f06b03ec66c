import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from headgate.models.encoding import MARKERS
from headgate.models.train import calibrate
from headgate.models.train.mix import ALL, BIAS_SOURCE
from headgate.models.train.rows import HEADS, UNKNOWN, Row


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "x", "unsafe": 0.0, "categories": ()} | changes))


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def sample(count=2000, scale=2.0, bias=-1.0, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=count)
    return logits, rng.random(count) < sigmoid(scale * logits + bias)


def test_platt_recovers_a_line():
    line = calibrate.platt(*sample())
    assert line.scale == pytest.approx(2, abs=0.4)
    assert line.bias == pytest.approx(-1, abs=0.3)


def test_platt_leaves_heads_with_too_few_of_a_class_alone():
    logits, _ = sample()
    assert calibrate.platt(logits, np.zeros(2000, dtype=bool)) == calibrate.Line()
    rare = np.zeros(2000, dtype=bool)
    rare[: calibrate.MIN_POSITIVES - 1] = True
    assert calibrate.platt(logits, rare) == calibrate.platt(logits, ~rare) == calibrate.Line()
    assert calibrate.platt(logits[:0], rare[:0]) == calibrate.Line()


def test_platt_never_turns_the_order_of_scores_around():
    logits, truth = sample()
    assert calibrate.platt(-logits, truth).scale == pytest.approx(0.2)


def test_best_threshold_lies_between_the_classes():
    scores = np.concatenate((np.full(50, 0.2), np.full(50, 0.8)))
    assert 0.2 < calibrate.best_f1_threshold(scores, scores > 0.5) <= 0.8


def test_best_threshold_keeps_away_from_scores_where_it_can():
    scores = np.concatenate((np.full(50, 0.2), np.full(50, 0.8)))
    chosen = calibrate.best_f1_threshold(scores, scores > 0.5)
    assert np.abs(scores - chosen).min() >= calibrate.NEAR


def test_of_thresholds_that_f1_holds_for_equal_a_high_one_is_chosen():
    scores = np.concatenate((np.linspace(0, 0.2, 1000), np.linspace(0.22, 0.8, 9), np.linspace(0.82, 1, 1000)))
    assert 0.6 < calibrate.best_f1_threshold(scores, scores > 0.81) < 0.83


def test_best_threshold_is_nearly_as_good_as_any():
    logits, truth = sample(scale=4.0)
    scores = sigmoid(logits)
    best = max(calibrate._f1(scores >= one, truth) for one in np.linspace(0, 1, 200))
    assert calibrate._f1(scores >= calibrate.best_f1_threshold(scores, truth), truth) > best - 0.01


@pytest.mark.parametrize(
    ("head", "changes", "target"),
    [("unsafe", {"unsafe": 1.0}, 1.0), ("unsafe", {"unsafe": UNKNOWN, "attack": 1.0}, UNKNOWN),
     ("unsafe", {"unsafe": 1.0, "attack": 1.0}, 1.0), ("prompt_attack", {"attack": 1.0, "categories": None}, 1.0),
     ("sensitive", {"sensitive": 1.0}, 1.0), ("refusal", {}, UNKNOWN), ("refusal", {"refusal": 0.0}, 0.0),
     ("severity_2", {}, UNKNOWN), ("severity_2", {"severity": 1}, 0.0), ("severity_2", {"severity": 2}, 1.0),
     ("drugs", {"categories": ("drugs",)}, 1.0), ("drugs", {}, 0.0), ("drugs", {"categories": None}, UNKNOWN)],
)  # fmt: skip
def test_what_a_row_says_about_a_head(head, changes, target):
    assert calibrate.targets([row(**changes)], head).tolist() == [target]


def test_traffic_draws_kinds_by_their_numbers_without_repeating_a_row(monkeypatch):
    monkeypatch.setitem(calibrate.TRAFFIC, "chat_safe", 5)
    rows = [row(prompt=str(number)) for number in range(20)] + [row(prompt="a", unsafe=1.0, marker="pair")]
    made = calibrate.traffic(rows)
    assert len({one.prompt for one in made}) == len(made) == 5  # pair_unsafe is no traffic
    assert made == calibrate.traffic(rows) != calibrate.traffic(rows, seed=6)


def test_traffic_is_mostly_harmless_and_names_only_kinds_that_exist():
    assert set(calibrate.TRAFFIC) <= set(ALL)
    public = {kind: count for kind, count in calibrate.TRAFFIC.items() if not kind.endswith("_own")}
    assert sum(count for kind, count in public.items() if kind.endswith(("_safe", "_hard"))) > sum(public.values()) / 2


def test_rows_kept_to_measure_how_groups_are_treated_calibrate_nothing():
    assert calibrate.traffic([row(source=BIAS_SOURCE, marker="text")]) == []


def test_each_marker_gets_a_line_of_its_own_and_videos_take_that_of_pictures():
    parts = {"chat": (2.0, 0.0), "pair": (1.0, 1.0), "text": (1.0, 0.0), "t2i": (1.0, -1.5)}
    rows, logits = [], []
    for seed, (marker, (scale, bias)) in enumerate(parts.items()):
        values, truth = sample(600, scale, bias, seed)
        rows += [row(marker=marker, unsafe=float(one)) for one in truth]
        logits.append(np.repeat(values[:, None], len(HEADS), axis=1))
    made = calibrate.by_marker(rows, np.concatenate(logits), MARKERS)
    assert set(made) == {"unsafe", "prompt_attack"}
    unsafe = {marker: made["unsafe"][token] for marker, token in MARKERS.items()}
    assert unsafe["t2v"] == unsafe["t2i"]
    assert len(set(unsafe.values())) == 4
    assert unsafe["chat"].scale > unsafe["text"].scale
    assert unsafe["pair"].bias > unsafe["t2i"].bias
    assert set(made["prompt_attack"].values()) == {calibrate.Line()}  # no attack is among the rows


def test_gates_are_left_to_the_graph_and_other_heads_get_a_line():
    values, truth = sample(600)
    rows = [row(unsafe=float(one), sensitive=float(one), refusal=0.0, severity=int(one)) for one in truth]
    made = calibrate.lines(rows, np.repeat(values[:, None], len(HEADS), axis=1))
    assert tuple(made) == HEADS
    assert made["unsafe"] == made["prompt_attack"] == made["refusal"] == calibrate.Line()
    assert made["sensitive"].bias < 0
    assert made["severity_1"] == made["sensitive"]


def test_false_alarm_thresholds_flag_their_share_of_harmless_rows_alone():
    rows = [row() for _ in range(1000)] + [row(unsafe=1.0), row(attack=1.0, unsafe=UNKNOWN), row(sensitive=1.0)] * 300
    scores = np.random.default_rng(0).random((len(rows), len(HEADS)))
    scores[1000:] = 1.0
    table = calibrate.false_alarms(rows, scores)
    assert set(table) == set(HEADS)
    for rate in (0.01, 0.1):
        flagged = (scores[:1000, 0] > table["unsafe"][str(rate)]).mean()
        assert flagged == pytest.approx(rate, abs=0.002)


def test_operating_points_need_enough_positives_and_stay_inside_the_scale():
    rows = [row(sensitive=float(i < 100), severity=0, categories=("drugs",) if i < 5 else ()) for i in range(300)]
    scores = np.full((300, len(HEADS)), 0.001)
    scores[:100] = 0.999
    made = calibrate.thresholds(rows, scores, ["sensitive", "drugs"])
    assert made["drugs"] == 0.5
    assert 0.05 <= made["sensitive"] <= 0.95
