import json

import numpy as np
import pytest

from headgate.models.taxonomy import SLUGS
from headgate.models.train import answers, augment, calibrate, contrasts, labels, mix, sources
from headgate.models.train.rows import HEADS, UNKNOWN, Row, group_key


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "How do I plant tulips?", "unsafe": 0.0} | changes))


def raw(**changes):
    base = {
        "source": "hand_made", "kind": "prompt", "lang": "en", "prompt": "How do I plant tulips?", "response": None,
        "label": "safe", "severity": 0, "category": None, "human": True, "licence": "CC0-1.0", "commercial": True,
    }  # fmt: skip
    return base | changes


def write(path, rows):
    zstandard = pytest.importorskip("zstandard")
    text = "".join(json.dumps(one) + "\n" for one in rows)
    path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))
    return path


def test_heads_are_34_in_the_agreed_order():
    assert len(HEADS) == 34
    assert HEADS[:6] == ("unsafe", "severity_1", "severity_2", "severity_3", "sensitive", "refusal")
    assert HEADS[6:] == SLUGS


def test_rows_without_a_free_licence_are_left_out(tmp_path):
    path = write(tmp_path / "train.jsonl.zst", [raw(), raw(commercial=False, prompt="Another question")])
    assert [one.prompt for one in sources.load_text(path)] == ["How do I plant tulips?"]


def test_visual_rows_need_a_licence_and_a_certain_label(tmp_path):
    base = {
        "task": "t2i",
        "source": "own",
        "text": "a red barn",
        "label": 0,
        "category": "",
        "licence": "MIT",
        "pair": "",
    }
    uncertain, unlicensed = base | {"label": -1}, base | {"licence": "no licence file"}
    non_commercial = base | {"licence": "CC BY-NC 4.0"}
    path = write(tmp_path / "t2i.jsonl.zst", [base, uncertain, unlicensed, non_commercial])
    assert len(list(sources.load_visual(path))) == 1


def test_attack_rows_say_nothing_about_unsafe():
    made = sources.text_row(raw(label="attack", severity=None))
    assert (made.unsafe, made.attack, made.severity) == (UNKNOWN, 1.0, -1)


def test_sensitive_is_not_unsafe():
    made = sources.text_row(raw(label="sensitive"))
    assert (made.unsafe, made.sensitive) == (0.0, 1.0)


def test_safe_rows_are_zero_for_all_categories_and_unknown_ones_are_masked():
    assert sources.text_row(raw()).categories == ()
    assert sources.text_row(raw(label="unsafe", severity=2)).categories is None


@pytest.mark.parametrize(
    ("source", "category", "slugs"),
    [("aart", "money laundering", ("white_collar_crime",)), ("edos", "2. derogation", ("discrimination",)),
     ("cysecbench", "IoT Attacks", ("cybercrime",)), ("catqa", "Illegal Activity", None)],
)  # fmt: skip
def test_category_names(source, category, slugs):
    assert labels.slugs_of(source, category) == slugs


def test_every_slug_that_labels_name_exists():
    named = {slug for _, slugs in labels._WORDS for slug in slugs}
    named |= {slug for slugs in labels._EXACT.values() for slug in slugs or ()}
    named |= {slug for slugs in labels._NEIGHBOURS.values() for slug in slugs}
    assert named <= set(SLUGS)


def test_refusal_openings():
    assert all(sources.looks_like_refusal(text) for text in answers.REFUSE[:3])
    assert not any(sources.looks_like_refusal(text) for text in answers.HARMLESS)


def test_split_keeps_near_duplicates_together():
    rows = [row(prompt=f"Question {i // 2}{'?' if i % 2 else ' !'}") for i in range(800)]
    made = mix.split(rows)
    assert made.held_out
    assert not {group_key(one) for one in made.train} & {group_key(one) for one in made.held_out}


def test_own_rows_are_never_held_out():
    assert not mix.split(contrasts.rows()).held_out


def test_shares_sum_to_one_and_do_not_follow_sizes():
    assert sum(mix.SHARES.values()) == pytest.approx(1.0, abs=0.05)
    rows = [row() for _ in range(3000)] + [row(source="t", unsafe=1.0) for _ in range(10)]
    shares = {cell.name.split("/")[0]: cell.share for cell in mix.cells(rows)}
    assert shares["chat_unsafe"] == pytest.approx(mix.SHARES["chat_unsafe"])


def test_draw_is_the_same_for_the_same_seed():
    pool = mix.cells(contrasts.rows())
    first, second = (mix.draw(pool, 50, np.random.default_rng(4)) for _ in range(2))
    assert first == second


def test_contrasts_are_distinct_labelled_and_fully_filled():
    made = contrasts.rows()
    assert len(made) > 3000
    assert not any("{" in one.prompt for one in made)
    assert {one.unsafe for one in made} == {0.0, 1.0}
    assert all(set(one.categories or ()) <= set(SLUGS) for one in made)


def test_a_family_never_repeats_a_text():
    family = contrasts.Family(name="f", label="safe", templates=["I like {fruit}."], most=10)
    made = contrasts.family_rows(family, {"fruit": ["pears", "plums"]}, np.random.default_rng(1))
    assert sorted(one.prompt for one in made) == ["I like pears.", "I like plums."]


def test_refused_request_is_a_safe_pair():
    made = contrasts.answer(row(unsafe=1.0), "refuse", np.random.default_rng(1))
    assert (made.unsafe, made.refusal, made.marker) == (0.0, 1.0, "pair")


def test_style_words_keep_label_and_text():
    rng = np.random.default_rng(2)
    made = [augment.style(row(marker="t2i", prompt="a red barn"), rng) for _ in range(60)]
    assert all("a red barn" in one.prompt for one in made)
    assert any(one.prompt != "a red barn" for one in made)
    assert {one.unsafe for one in made} == {0.0}


def test_wrapped_harmless_request_is_an_attack_of_unknown_harm():
    made = augment.wrap(row(), np.random.default_rng(3))
    assert made.attack == 1.0
    assert made.unsafe == UNKNOWN
    assert "How do I plant tulips?" in made.prompt


def test_obfuscation_changes_letters_only_of_long_words():
    text = "we planted some beautiful tulips in our garden yesterday"
    assert {augment.obfuscate(text, np.random.default_rng(i)).split(" ")[0] for i in range(5)} == {"we"}


def test_platt_recovers_a_line_and_leaves_rare_heads_alone():
    rng = np.random.default_rng(0)
    pytest.importorskip("sklearn")
    logits = rng.normal(size=4000)
    truth = rng.random(4000) < 1 / (1 + np.exp(-(2 * logits - 1)))
    line = calibrate.platt(logits, truth)
    assert line.scale == pytest.approx(2, abs=0.3)
    assert line.bias == pytest.approx(-1, abs=0.3)
    assert calibrate.platt(logits, np.zeros(4000, dtype=bool)) == calibrate.Line()


def test_best_threshold_lies_between_the_classes():
    scores = np.concatenate((np.full(50, 0.2), np.full(50, 0.8)))
    assert 0.2 < calibrate.best_f1_threshold(scores, scores > 0.5) <= 0.8
