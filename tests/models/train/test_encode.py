import numpy as np
import pytest

torch = pytest.importorskip("torch")

from headgate.models.encoding import MARKERS  # noqa: E402
from headgate.models.taxonomy import SLUGS  # noqa: E402
from headgate.models.train import encode  # noqa: E402
from headgate.models.train.rows import UNKNOWN, Row  # noqa: E402


@pytest.fixture(scope="module")
def encoder(tiny_base):
    return encode.TrainEncoder(tiny_base / "tokenizer.json")


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "paint the tulip", "unsafe": 0.0} | changes))


def item(length=6, **changes):
    return encode.Example(row(**changes), [5, 1, *range(10, 10 + length), 9], [0] * (length + 3))


def rng(seed=0):
    return np.random.default_rng(seed)


def column(slug):
    return SLUGS.index(slug)


def test_a_short_row_is_encoded_as_the_product_encodes_it(encoder):
    made = encode.example(row(), encoder, rng())
    (window,) = encoder.full.encode("paint the tulip", None, "chat")
    assert (made.ids, made.type_ids) == (window.ids, window.type_ids)
    assert made.ids[1] == MARKERS["chat"]


def test_the_narrow_encoder_is_picked_seven_times_in_ten(encoder):
    picked = [encoder.pick(rng(seed)) is encoder.narrow for seed in range(400)]
    assert sum(picked) / 400 == pytest.approx(0.7, abs=0.07)


def test_windows_of_a_long_text_fit_and_any_of_them_is_seen(encoder):
    long = row(prompt=" ".join(["the river in my garden"] * 60))
    made = [encode.example(long, encoder, rng(seed)) for seed in range(60)]
    assert {len(one.ids) for one in made} == {96, 192}
    assert len({tuple(one.ids) for one in made}) > 4


def test_positives_show_mostly_their_first_or_last_window(encoder):
    text = "candle " * 20 + "river " * 600 + "tulip " * 20
    ends = {encoder.full._tokenizer.token_to_id(word) for word in ("candle", "tulip")}

    def share(**changes):
        made = [encode.example(row(prompt=text, **changes), encoder, rng(seed)) for seed in range(100)]
        return sum(bool(ends & set(one.ids)) for one in made) / 100

    assert share(unsafe=1.0) > 0.75
    assert share(unsafe=0.0) < 0.6


def test_targets_hold_what_holds_mask_what_may_and_deny_the_rest():
    target = encode.category_targets(row(unsafe=1.0, categories=("violence",), maybe=("weapons", "violence")))
    assert (target[column("violence")], target[column("weapons")], target[column("drugs")]) == (1.0, UNKNOWN, 0.0)


def test_safe_rows_deny_every_category_and_unlabelled_ones_mask_all_but_the_attack():
    assert not encode.category_targets(row(categories=())).any()
    masked = encode.category_targets(row(categories=None, attack=1.0))
    assert masked[encode.ATTACK] == 1.0
    assert (np.delete(masked, encode.ATTACK) == UNKNOWN).all()


def test_collating_pads_to_the_longest_and_masks_the_padding():
    batch = encode.collate([item(2), item(5)])
    assert batch.ids.shape == batch.mask.shape == batch.type_ids.shape == (2, 8)
    assert batch.mask.sum(1).tolist() == [5, 8]
    assert not batch.ids[0, 5:].any()
    assert batch.ids.dtype == torch.int64


def test_collated_targets_keep_the_order_of_the_rows():
    rows = [
        {"unsafe": 1.0, "severity": 2, "weight": 0.7, "categories": ("insult",)},
        {"refusal": 1.0, "sensitive": 1.0},
    ]
    batch = encode.collate([item(**changes) for changes in rows])
    assert batch.unsafe.tolist() == [1.0, 0.0]
    assert batch.severity.tolist() == [2, -1]
    assert batch.weight.tolist() == pytest.approx([0.7, 1.0])
    assert batch.refusal.tolist() == [UNKNOWN, 1.0]
    assert batch.sensitive.tolist() == [0.0, 1.0]
    assert batch.categories.shape == (2, 28)
    assert batch.categories[0, column("insult")] == 1.0


def test_buckets_hold_every_example_within_the_budget():
    items = [item(length) for length in (3, 40, 7, 12, 90, 5, 33, 300)]
    made = encode.buckets(items, token_budget=128)
    assert sorted(id(one) for bucket in made for one in bucket) == sorted(id(one) for one in items)
    assert all(len(one) == 1 or max(len(x.ids) for x in one) * len(one) <= 128 for one in made)


def test_buckets_hold_rows_of_like_lengths_and_no_more_than_asked():
    made = encode.buckets([item(length) for length in (9, 1, 9, 1, 9, 1)], token_budget=10_000, most=3)
    assert [[len(one.ids) for one in bucket] for bucket in made] == [[4, 4, 4], [12, 12, 12]]


def test_a_couple_stays_in_one_batch_whatever_its_lengths():
    alone = [item(length) for length in range(1, 60, 3)]
    couples = [encode.Example(item(length).row, item(length).ids, item(length).type_ids, number)
               for number in range(6) for length in (2 + number, 70 - number)]  # fmt: skip
    made = encode.buckets([*couples[::2], *alone, *couples[1::2]], token_budget=200, most=4)
    places = [{at for at, bucket in enumerate(made) for one in bucket if one.couple == number} for number in range(6)]
    assert [len(found) for found in places] == [1] * 6
    assert sum(len(bucket) for bucket in made) == len(alone) + len(couples)
