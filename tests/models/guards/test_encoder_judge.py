from pathlib import Path

import numpy as np
import pytest

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.classifier import Classifier
from headgate.models.content import Text
from headgate.models.errors import DigestMismatch, ModelUnavailable
from headgate.models.guards.beaver_dam import GUARD as BEAVER
from headgate.models.guards.encoder_judge import EncoderJudge
from headgate.models.guards.folder import opened
from headgate.models.guards.odds import placed
from headgate.models.guards.prompt_guard_2 import GUARD as PROMPT_GUARD
from headgate.models.guards.toxic_bert import GUARD as TOXIC
from headgate.models.guards.toxic_bert import LABELS
from headgate.models.guards.windows import Windows
from headgate.models.run_onnx import OnnxRuntime

from .checkpoints import bytelevel, exported, names_of, saved, unigram, wordpiece
from .replies import ANSWER, PICTURE, PROMPT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = ("how warm is tea?", "quite warm", "a")
LONG = "the kettle sings and the tea is warm, " * 12


@pytest.fixture(scope="module")
def bert(folders: Path) -> Path:
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, problem_type="multi_label_classification", initializer_range=0.6,
        **names_of(tuple(LABELS)),
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    return saved(folders / "bert", wordpiece(), model, pad_token="[PAD]", unk_token="[UNK]")


@pytest.fixture(scope="module")
def toxic(bert: Path) -> Path:
    return exported(bert)


@pytest.fixture(scope="module")
def deberta(folders: Path) -> Path:
    torch.manual_seed(1)
    config = transformers.DebertaV2Config(
        vocab_size=80, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm",
        share_att_key=True, pos_att_type=["p2c", "c2p"], type_vocab_size=0, position_biased_input=False,
        initializer_range=0.6, num_labels=2,
    )  # fmt: skip
    model = transformers.DebertaV2ForSequenceClassification(config)
    return saved(folders / "deberta", unigram(), model, pad_token="[PAD]", unk_token="[UNK]")


def original(folder: Path, text: str) -> np.ndarray:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    with torch.no_grad():
        return model(input_ids=ids).logits[0].numpy()


def assessed(judge: EncoderJudge, part) -> Assessed:
    (found,) = judge.assess([part])
    assert isinstance(found, Assessed)
    return found


def test_scores_are_those_of_transformers(bert: Path, toxic: Path):
    judge = EncoderJudge.load(TOXIC, toxic)
    assert isinstance(judge, Classifier)
    for text in TEXTS:
        expected = 1 / (1 + np.exp(-original(bert, text)))
        found = assessed(judge, Text(text=text))
        assert found.unsafe == pytest.approx(float(expected.max()), abs=2e-4)
        threat = list(LABELS).index("threat")
        assert found.categories["violence"] == pytest.approx(float(expected[threat]), abs=2e-4)


def test_labels_without_names_stand_in_the_published_order(deberta: Path):
    judge = EncoderJudge.load(PROMPT_GUARD, exported(deberta), threshold=0.5)
    for text in TEXTS:
        logits = original(deberta, text)
        expected = float(np.exp(logits[1]) / np.exp(logits).sum())
        assert assessed(judge, Text(text=text)).unsafe == pytest.approx(expected, abs=5e-4)


def test_a_published_threshold_is_where_a_part_is_flagged(bert: Path, toxic: Path):
    plain = assessed(EncoderJudge.load(TOXIC, toxic), PROMPT).unsafe
    moved = assessed(EncoderJudge.load(TOXIC, toxic, threshold=0.9), PROMPT).unsafe
    assert moved == pytest.approx(placed(plain, threshold=0.9), abs=1e-3)


def test_parts_do_not_touch_each_other(toxic: Path):
    judge = EncoderJudge.load(TOXIC, toxic)
    parts = [Text(text=text) for text in (*TEXTS, LONG)]
    together = judge.assess(parts)
    for part, found in zip(parts, together, strict=True):
        assert isinstance(found, Assessed)
        assert found.unsafe == pytest.approx(assessed(judge, part).unsafe, abs=1e-3)


def test_the_worst_window_of_a_long_text_counts(toxic: Path):
    judge = EncoderJudge.load(TOXIC, toxic)
    windows = Windows(opened(toxic, task="classification", name="toxic-bert").tokenizer(), length=64)
    rows = windows.of("", LONG, "")
    assert rows is not None
    logits = OnnxRuntime(toxic / "model.onnx").run(rows, [[0] * len(row) for row in rows])
    assert len(rows) > 3
    assert assessed(judge, Text(text=LONG)).unsafe == pytest.approx(float(1 / (1 + np.exp(-logits.max()))), abs=1e-3)


def test_a_text_of_too_many_windows_is_unjudged_and_never_cut(toxic: Path):
    found = EncoderJudge.load(TOXIC, toxic).assess([Text(text="t" * 1_600_000)])[0]
    assert isinstance(found, Unjudged)
    assert found.reason == "too_long"


def test_what_a_guard_was_not_made_for_is_unjudged_by_name(toxic: Path):
    (found,) = EncoderJudge.load(TOXIC, toxic, name="rude").assess([PICTURE])
    assert found == Unjudged(reason="unsupported_kind", detail="it reads texts", model="rude")


def test_an_empty_text_holds_nothing(toxic: Path):
    assert assessed(EncoderJudge.load(TOXIC, toxic), Text(text=" \n")).unsafe == 0.0


def test_a_folder_of_another_checkpoint_is_refused(toxic: Path):
    with pytest.raises(ModelUnavailable, match=r"identity_hate"):
        EncoderJudge.load(PROMPT_GUARD, toxic)


def test_the_digest_tells_weights_and_operating_points_apart(toxic: Path):
    one = EncoderJudge.load(TOXIC, toxic)
    assert one.digest == EncoderJudge.load(TOXIC, toxic, name="other").digest
    assert one.digest != EncoderJudge.load(TOXIC, toxic, threshold=0.9).digest


def test_a_file_that_was_changed_is_refused(folders: Path, toxic: Path):
    broken = folders / "broken"
    broken.mkdir()
    for path in toxic.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(DigestMismatch):
        EncoderJudge.load(TOXIC, broken)


@pytest.fixture(scope="module")
def beaver(folders: Path) -> Path:
    torch.manual_seed(2)
    tokenizer = bytelevel([], ["</s>", "<pad>"])
    config = transformers.LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, intermediate_size=16, max_position_embeddings=512, initializer_range=0.6,
        pad_token_id=tokenizer.token_to_id("<pad>"), problem_type="multi_label_classification",
        **names_of(BEAVER.labels),
    )  # fmt: skip
    model = transformers.LlamaForSequenceClassification(config)
    return saved(folders / "beaver", tokenizer, model, pad_token="<pad>", eos_token="</s>")


def test_a_decoder_with_a_head_is_read_at_the_end_of_its_answer(beaver: Path):
    judge = EncoderJudge.load(BEAVER, exported(beaver), threshold=0.5)
    logits = original(beaver, "BEGINNING OF CONVERSATION: USER: How warm is tea? ASSISTANT:Quite warm.</s>")
    expected = 1 / (1 + np.exp(-logits))
    short = Text(text="No.", role=ANSWER.role, context="Is tea cold?")
    found = judge.assess([ANSWER, short, PROMPT])
    assert isinstance(found[0], Assessed)
    assert found[0].unsafe == pytest.approx(float(expected.max()), abs=5e-4)
    assert isinstance(found[2], Unjudged)
    assert found[2].reason == "unsupported_role"
