"""A tiny base checkpoint, a tiny trained network and a tiny data folder, all made here from mild words."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

THINGS = (
    "apple", "boat", "candle", "drum", "easel", "fern", "garden", "harbour", "island", "jacket", "kite", "lamp",
    "melon", "needle", "oven", "piano", "quilt", "river", "sofa", "tulip",
)  # fmt: skip
PLACES = ("attic", "barn", "cellar", "den", "forest", "gallery", "hall", "inn", "kitchen", "library", "market", "yard")
WORDS = (
    "how", "do", "i", "paint", "the", "in", "a", "my", "why", "is", "so", "silly", "yes", "sorry", "can", "not", "help",
    "you", "are", "dull", "photo", "of", "with", "sure", "first", "second", "?", ".", ",", "'",
)  # fmt: skip
Pack = Callable[[Path, Iterable[Mapping[str, Any]]], Path]


def _tokenizer() -> Tokenizer:
    special = ["[PAD]", *(f"[unused{number}]" for number in range(1, 8)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"), "[", "]"]
    words = dict.fromkeys((*special, *WORDS, *THINGS, *PLACES, *letters))
    made = Tokenizer(models.WordPiece({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens([AddedToken(token, special=True) for token in ("[UNK]", "[CLS]", "[SEP]", "[MASK]")])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    made.enable_truncation(16)
    made.enable_padding(length=16)
    return made


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random BERT (2 layers, 32 wide) whose tokenizer matches special tokens, as base sets do."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("base")
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64,
    )  # fmt: skip
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture
def tiny_net(tiny_base: Path) -> Any:
    """A fresh network on the tiny base in evaluation mode, with markers of their own and no dropout at work."""
    from headgate.models.train import net

    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    made = net.build(tiny_base, attention="eager").eval()
    with torch.no_grad():
        made.marker_rows.add_(torch.randn_like(made.marker_rows))
    return made


@pytest.fixture(scope="session")
def pack() -> Pack:
    """Writes rows as a Zstandard-compressed JSON-lines file."""
    zstandard = pytest.importorskip("zstandard")

    def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))
        return path

    return write


def raw_text(**changes: Any) -> dict[str, Any]:
    """A row as the text sets write it."""
    return {
        "source": "hand_made", "kind": "prompt", "lang": "en", "prompt": "How do I plant tulips?", "response": None,
        "label": "safe", "severity": 0, "category": None, "human": True, "licence": "CC0-1.0", "commercial": True,
    } | changes  # fmt: skip


def raw_visual(**changes: Any) -> dict[str, Any]:
    """A row as the sets of prompts for generators write it."""
    return {
        "source": "own", "task": "t2i", "text": "a red barn", "label": 0, "category": None, "licence": "MIT",
        "pair": "",
    } | changes  # fmt: skip


@pytest.fixture(scope="session")
def raw() -> Callable[..., dict[str, Any]]:
    """Makes a text row; named fields replace the defaults."""
    return raw_text


@pytest.fixture(scope="session")
def raw_picture() -> Callable[..., dict[str, Any]]:
    """Makes a prompt for a generator; named fields replace the defaults."""
    return raw_visual


def _text_rows() -> list[dict[str, Any]]:
    rows = []
    for thing in THINGS:
        for place in PLACES:
            ask, taunt = f"How do I paint the {thing} in the {place}?", f"why is my {place} {thing} so dull"
            scold = {"label": "unsafe", "severity": 1, "category": "insult"}
            rows += [
                raw_text(prompt=ask),
                raw_text(prompt=f"Can you help: {thing}, {place}?", source="notinject"),
                raw_text(prompt=taunt, source="machine_made", human=False, **scold),
                raw_text(prompt=f"the {place} {thing} and you are silly", kind="post", source="davidson", **scold),
                raw_text(prompt=f"my {thing} is in the {place}", kind="post"),
                raw_text(prompt=f"is the {thing} of the {place} first", kind="pair", response="sorry, i can not help"),
                raw_text(prompt=f"the {place} with a {thing}", kind="pair", response="you are dull", **scold),
                raw_text(prompt=f"{thing} {place} second", source="attacks", label="attack", severity=None),
            ]
    return rows


def _visual_rows(task: str) -> list[dict[str, Any]]:
    pairs = [(thing, place) for thing in THINGS for place in PLACES]
    rows = [raw_visual(task=task, text=f"a {task} photo of the {thing} in the {place}") for thing, place in pairs]
    return rows + [
        raw_visual(task=task, text=f"the dull {task} {thing} of a silly {place}", label=1, category="Hate")
        for thing, place in pairs
    ]


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    """A data folder in the layout that the recipe reads: every kind of row has some held out."""
    folder = tmp_path_factory.mktemp("data")
    pack(folder / "text" / "train.jsonl.zst", _text_rows())
    pack(
        folder / "text" / "eval" / "hatecheck.jsonl.zst",
        [
            raw_text(prompt=f"first {thing}", label=label, severity=None)
            for thing in THINGS
            for label in ("safe", "unsafe")
        ],
    )
    for task in ("t2i", "t2v"):
        pack(folder / "prompts" / f"{task}_train.jsonl.zst", _visual_rows(task))
    kinds = (("OVERT-unsafe", 1), ("OVERT-unsafe-benign-twin", 0), ("COCO-captions", 0))
    pictures = [
        raw_visual(source=source, label=label, text=f"a {thing}") for thing in THINGS for source, label in kinds
    ]
    pack(folder / "prompts" / "t2i_eval.jsonl.zst", pictures)
    return folder


@pytest.fixture(scope="session")
def trained(tiny_base: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `out` folder of one real run of the whole recipe on the tiny parts; not to be written to."""
    for package in ("onnx", "onnxruntime", "sklearn", "rich"):
        pytest.importorskip(package)
    from headgate.models.train import recipe

    out = tmp_path_factory.mktemp("trained")
    recipe.train(recipe.TrainOptions(data=tiny_data, out=out, rows=96, base=tiny_base, threads=1))
    return out
