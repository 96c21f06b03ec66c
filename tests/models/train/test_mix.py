from collections import Counter

import numpy as np
import pytest

from headgate.models.train import mix
from headgate.models.train.rows import UNKNOWN, Row, group_key


def row(**changes):
    return Row(**({"source": "s", "marker": "chat", "prompt": "How do I plant tulips?", "unsafe": 0.0} | changes))


@pytest.mark.parametrize("shares", [mix.PUBLIC, mix.ALL])
def test_shares_sum_to_one(shares):
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize(
    ("changes", "group"),
    [({}, "chat_safe"), ({"unsafe": 1.0}, "chat_unsafe"), ({"hard": True}, "chat_hard"),
     ({"english": False, "unsafe": 1.0}, "chat_foreign"), ({"attack": 1.0, "english": False}, "attack"),
     ({"marker": "text"}, "post_safe"), ({"marker": "text", "hard": True}, "post_safe"),
     ({"marker": "pair", "unsafe": 1.0}, "pair_unsafe"), ({"marker": "pair", "source": "diasafety"}, "pair_labelled"),
     ({"marker": "t2v", "unsafe": 1.0}, "visual_unsafe"), ({"marker": "t2i", "source": "CoProV2"}, "visual_labelled"),
     ({"source": "headgate_own", "unsafe": 1.0}, "chat_own"),
     ({"source": "headgate_own", "marker": "t2v"}, "visual_own")],
)  # fmt: skip
def test_the_group_of_a_row(changes, group):
    assert mix.group_of(row(**changes)) == group


def test_every_kind_of_row_has_a_share():
    groups = {
        mix.group_of(row(marker=marker, unsafe=unsafe, hard=hard, english=english, source=source))
        for marker in ("chat", "pair", "text")
        for unsafe in (0.0, 1.0, UNKNOWN)
        for hard in (False, True)
        for english in (False, True)
        for source in ("s", "diasafety")
    } | {mix.group_of(row(marker=marker, unsafe=unsafe)) for marker in ("t2i", "t2v") for unsafe in (0.0, 1.0)}
    assert groups <= set(mix.PUBLIC)


def test_split_keeps_near_duplicates_together():
    rows = [row(prompt=f"Question {i // 2}{'?' if i % 2 else ' !'}") for i in range(800)]
    made = mix.split(rows)
    assert made.held_out
    assert not {group_key(one) for one in made.train} & {group_key(one) for one in made.held_out}


def test_split_loses_no_row_and_holds_out_about_one_in_forty():
    rows = [row(prompt=f"{i} tulips") for i in range(4000)]
    made = mix.split(rows)
    assert len(made.train) + len(made.held_out) == 4000
    assert 60 < len(made.held_out) < 140


def test_templates_always_teach_and_one_in_nine_of_the_rows_written_one_by_one_is_held_out():
    templates = [row(source="headgate_contrasts", prompt=f"{i} tulips") for i in range(400)]
    assert mix.split(templates) == mix.Split(templates, [])
    own = mix.split([row(source=mix.OWN_SOURCE, prompt=f"{i} tulips") for i in range(1800)])
    assert 140 < len(own.held_out) < 260


def test_rows_of_a_named_group_stay_together_whatever_their_texts():
    rows = [row(source=mix.OWN_SOURCE, prompt=f"{i} tulips", group=f"twin-{i % 90}") for i in range(900)]
    made = mix.split(rows)
    assert not {one.group for one in made.train} & {one.group for one in made.held_out}


def test_groups_without_a_share_are_left_out():
    made = mix.cells([row(), row(source=mix.OWN_SOURCE)], mix.PUBLIC)
    assert [cell.name for cell in made] == ["chat_safe/s/chat/0"]


def test_a_group_gets_its_share_whatever_the_sizes():
    rows = [row() for _ in range(3000)] + [row(source="t", unsafe=1.0) for _ in range(10)]
    shares = {cell.name.split("/")[0]: cell.share for cell in mix.cells(rows, mix.PUBLIC)}
    assert shares["chat_unsafe"] == pytest.approx(mix.PUBLIC["chat_unsafe"])
    assert shares["chat_safe"] == pytest.approx(mix.PUBLIC["chat_safe"])


def test_sources_of_a_group_share_by_the_root_of_their_size_up_to_a_cap():
    sizes = {"small": 100, "large": 400, "huge": 4 * mix.CAP}
    made = mix.cells([row(source=name) for name, size in sizes.items() for _ in range(size)], mix.PUBLIC)
    share = {cell.name.split("/")[1]: cell.share for cell in made}
    assert share["large"] / share["small"] == pytest.approx(2.0)
    assert share["huge"] / share["small"] == pytest.approx((mix.CAP / 100) ** 0.5)


def test_a_boost_multiplies_the_share_of_a_source():
    made = mix.cells([row(source=name) for name in ("gsm8k", "plain") for _ in range(50)], mix.PUBLIC)
    share = {cell.name.split("/")[1]: cell.share for cell in made}
    assert share["gsm8k"] / share["plain"] == pytest.approx(mix.BOOST["gsm8k"])


def test_both_labels_of_a_two_sided_source_are_cells_of_their_own():
    made = mix.cells([row(source="diasafety", marker="pair", unsafe=unsafe) for unsafe in (0.0, 0.0, 1.0)], mix.PUBLIC)
    assert {cell.name: len(cell.rows) for cell in made} == {
        "pair_labelled/diasafety/pair/0": 2,
        "pair_labelled/diasafety/pair/1": 1,
    }


def test_draw_is_the_same_for_the_same_seed():
    pool = mix.cells([row(prompt=f"{i} tulips", unsafe=float(i % 2)) for i in range(200)], mix.PUBLIC)
    first, second, other = (mix.draw(pool, 50, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == second != other


def test_draw_follows_the_shares():
    pool = [mix.Cell("a", [row(source="a")], 0.3), mix.Cell("b", [row(source="b")], 0.1)]
    drawn = Counter(one.row.source for one in mix.draw(pool, 4000, np.random.default_rng(0)))
    assert drawn["a"] / 4000 == pytest.approx(0.75, abs=0.03)


def own(unsafe, group="t-1", **changes):
    return row(source=mix.OWN_SOURCE, unsafe=unsafe, group=group, **changes)


def test_twins_are_groups_of_our_own_rows_with_both_labels():
    pool = [mix.Cell("a", [own(0.0), own(1.0), own(0.0, "alone"), own(UNKNOWN, "open"), own(1.0, "open"),
                           row(unsafe=1.0, group="t-1")], 1.0)]  # fmt: skip
    assert mix.twins(pool) == {"t-1": mix.Twins([own(0.0)], [own(1.0)])}


def test_a_row_with_rivals_comes_with_one_or_not_at_all_and_keeps_its_share():
    cells = [mix.Cell("own", [own(0.0), own(1.0)], 0.5), mix.Cell("plain", [row()], 0.5)]
    drawn = mix.draw(cells, 4001, np.random.default_rng(3), rivals=mix.twins(cells))
    assert len(drawn) == 4001
    couples = [one for one in drawn[:-1] if one.couple >= 0]
    held = Counter(one.couple for one in couples)
    labels = {(one.couple, one.row.unsafe) for one in couples}
    assert len(labels) >= len(couples) - 1
    assert sorted(set(held.values())) in ([2], [1, 2])
    assert len(couples) / 4000 == pytest.approx(0.5, abs=0.04)
    assert all(one.couple == -1 for one in drawn if one.row.source != mix.OWN_SOURCE)
