import numpy as np
import pytest

pytest.importorskip("torch")

from headgate.models.encoding import PairEncoder
from headgate.models.train import score
from headgate.models.train.rows import HEADS, Row


class LastToken:
    """A scorer whose logits are the last judged token's id: high where a window ends with a late word."""

    def logits(self, windows):
        return np.array([[float(window.ids[-2])] * len(HEADS) for window in windows], dtype=np.float32)


@pytest.fixture(scope="module")
def encoder(tiny_base):
    return PairEncoder.from_file(str(tiny_base / "tokenizer.json"))


def row(prompt, **changes):
    return Row(source="s", marker="chat", prompt=prompt, **changes)


def table(value, **changes):
    made = np.full((1, len(HEADS)), value)
    for head, one in changes.items():
        made[0, HEADS.index(head)] = one
    return made


def test_the_worst_window_of_a_row_wins(encoder):
    long = "tulip " * 150 + "apple " * 250  # windows end with either word
    windows = encoder.encode(long, None, "chat")
    ends = {window.ids[-2] for window in windows}
    tulip, apple = (encoder._tokenizer.token_to_id(word) for word in ("tulip", "apple"))
    assert len(windows) > 1
    found = score.row_logits([row("apple"), row(long), row("tulip")], encoder, LastToken())
    assert found[:, 0].tolist() == [apple, max(ends), tulip]


def test_every_row_has_logits_even_without_text(encoder):
    found = score.row_logits([row(""), row("", response="")], encoder, LastToken())
    assert found.shape == (2, len(HEADS))
    assert np.isfinite(found).all()


def test_probabilities_are_the_sigmoid_of_each_head_line():
    lines = {head: {"scale": 1.0, "bias": 0.0} for head in HEADS} | {"unsafe": {"scale": 2.0, "bias": -1.0}}
    found = score.probabilities(table(0.5), lines)
    assert found[0, HEADS.index("unsafe")] == pytest.approx(0.5)
    assert found[0, HEADS.index("violence")] == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_a_head_without_a_line_is_an_error():
    with pytest.raises(KeyError):
        score.probabilities(table(0.0), {"unsafe": {"scale": 1.0, "bias": 0.0}})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unsafe": 0.7, "prompt_attack": 0.2}, 0.7),
        ({"unsafe": 0.1, "prompt_attack": 0.8}, 0.8),
        ({"violence": 0.9}, 0),
    ],
)
def test_danger_is_the_higher_of_the_two_gates_alone(changes, expected):
    assert score.danger(table(0.0, **changes)).tolist() == [expected]
