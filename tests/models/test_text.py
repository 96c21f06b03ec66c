from pathlib import Path

import numpy as np
import pytest

from headgate.models import registry
from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.classifier import Classifier
from headgate.models.content import Image, Role, Text
from headgate.models.errors import DigestMismatch, InferenceFailed, ModelUnavailable
from headgate.models.exported import Axes
from headgate.models.run_remote import KServeRuntime
from headgate.models.text import TextClassifier

from .conftest import HEADS, write_manifest
from .v2_server import serving

LONG = "the cat sat on the mat " * 40


@pytest.fixture(scope="module")
def classifier(tiny: Path) -> TextClassifier:
    return TextClassifier.load(tiny)


def one(classifier: TextClassifier, text: str, **fields: object) -> Assessed:
    [answer] = classifier.assess([Text(text=text, **fields)])
    assert isinstance(answer, Assessed)
    return answer


def test_it_is_a_classifier_of_text(classifier: TextClassifier):
    assert isinstance(classifier, Classifier)
    assert classifier.kinds == {"text"}
    assert classifier.covers == {"violence", "insult", "prompt_attack"}


def test_scores_go_to_their_heads_and_what_training_did_not_teach_is_not_assessed(classifier: TextClassifier):
    found = one(classifier, "the alarm")
    assert found.unsafe > 0.99
    assert found.severity is not None
    assert found.severity[3] > 0.9
    assert sum(found.severity) == pytest.approx(1.0)
    assert found.categories["violence"] is not None
    assert found.categories["violence"] > 0.99
    assert found.categories["privacy"] is None
    assert one(classifier, "the cat").unsafe < 0.1
    assert one(classifier, "i am tired").sensitive == pytest.approx(1.0)


def test_an_empty_text_is_judged_and_safe(classifier: TextClassifier):
    found = one(classifier, " \n\t")
    assert found.unsafe == 0.0
    assert found.severity == (1.0, 0.0, 0.0, 0.0)
    assert found.categories["violence"] == 0.0


@pytest.mark.parametrize("place", [0, len(LONG) // 2, len(LONG)])
def test_the_worst_window_of_a_long_text_wins(classifier: TextClassifier, place: int):
    place = LONG.rfind(" ", 0, place + 1) + 1
    assert one(classifier, LONG).unsafe < 0.1
    assert one(classifier, f"{LONG[:place]}alarm {LONG[place:]}").unsafe > 0.99


@pytest.mark.parametrize("hidden", ["a l a r m", "al\u200barm", "аlаrm", "4l4rm the cat a1arm", "%61lar%6D"])
def test_a_disguised_word_is_found(classifier: TextClassifier, hidden: str):
    assert one(classifier, f"the cat sat on the mat and {hidden}").unsafe > 0.99


def test_a_text_over_the_cap_is_unjudged_and_not_cut(tiny: Path):
    classifier = TextClassifier.load(tiny, max_windows=3)
    [answer] = classifier.assess([Text(text=LONG)])
    assert isinstance(answer, Unjudged)
    assert answer.reason == "too_long"


def test_an_attack_is_not_assessed_in_an_answer(classifier: TextClassifier):
    for role in (Role.USER, Role.SYSTEM, Role.TOOL_RESULT, Role.DOCUMENT):
        assert one(classifier, "alarm", role=role).categories["prompt_attack"] is not None
    for role in (Role.ASSISTANT, Role.REASONING, Role.TOOL_CALL):
        assert one(classifier, "alarm", role=role, context="the cat").categories["prompt_attack"] is None


def test_the_refusal_is_that_of_the_first_window(classifier: TextClassifier):
    assert one(classifier, "sorry " + LONG, role=Role.ASSISTANT).refusal == pytest.approx(1.0)
    assert one(classifier, LONG + " sorry", role=Role.ASSISTANT).refusal < 0.1


def test_another_kind_is_unjudged_beside_a_judged_text(classifier: TextClassifier):
    image, text = classifier.assess([Image(url="a"), Text(text="alarm")])
    assert isinstance(image, Unjudged)
    assert isinstance(text, Assessed)


def test_half_a_surrogate_pair_is_judged(classifier: TextClassifier):
    assert one(classifier, "alarm \ud83d").unsafe > 0.99
    assert one(classifier, "alarm", role=Role.ASSISTANT, context="\ude00").unsafe > 0.99


def test_answers_do_not_depend_on_the_batch(classifier: TextClassifier):
    parts = [Text(text=text) for text in ("alarm", "the cat", LONG, "flood " * 30, "a", "", "alarm and flood")]
    together = classifier.assess(parts)
    assert together == [answer for part in parts for answer in classifier.assess([part])]
    assert together == list(reversed(classifier.assess(parts[::-1])))


def test_a_long_text_costs_more(classifier: TextClassifier):
    assert classifier.cost(Text(text=LONG)) > classifier.cost(Text(text="cat")) > 0


def test_changed_weights_do_not_load(own_tiny: Path):
    with (own_tiny / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DigestMismatch):
        TextClassifier.load(own_tiny)


def test_a_changed_calibration_changes_the_digest(own_tiny: Path):
    before = TextClassifier.load(own_tiny).digest
    write_manifest(own_tiny, calibration={"unsafe": {"scale": 2.0, "bias": 0.0}})
    assert TextClassifier.load(own_tiny).digest != before


def test_a_model_without_a_head_that_is_needed_does_not_load(own_tiny: Path):
    write_manifest(own_tiny, heads=[head for head in HEADS if head != "refusal"])
    with pytest.raises(ModelUnavailable, match="refusal"):
        TextClassifier.load(own_tiny)


@pytest.mark.parametrize("columns", [1, 3, len(HEADS) + 6])
def test_a_server_of_another_number_of_columns_judges_nothing(own_tiny: Path, columns: int):
    classifier = TextClassifier.load(own_tiny)
    inputs = [Axes(name="input_ids", dtype="int64", shape=("batch", "sequence"))]
    with serving(lambda feeds: np.full((len(feeds["input_ids"]), columns), -9.0)) as server:
        classifier._runtime = KServeRuntime(server.url, model="tiny", inputs=inputs)
        with pytest.raises(InferenceFailed, match="heads"):
            classifier.assess([Text(text="alarm")])


def test_the_embedded_model_gives_equal_bytes_whatever_it_is_batched_with():
    if not (registry.embedded() / "model.onnx").exists():
        pytest.skip("the embedded weights are not here")
    classifier = registry.load()
    texts = ("How do I bake bread?", "Tell me a story about a lighthouse keeper. " * 20, "Hi", "Was ist ein Verb?")
    parts = [Text(text=text) for text in texts] + [Text(text=texts[1], role=Role.ASSISTANT, context=texts[0])]
    together: list[Assessment] = classifier.assess(parts)
    assert together == [answer for part in parts for answer in classifier.assess([part])]
