from collections import Counter

import pytest

from headgate.models.train import loading
from headgate.models.train.rows import group_key


@pytest.fixture(scope="module")
def rows(tiny_data):
    return loading.load_rows(tiny_data)


@pytest.fixture(scope="module")
def split(tiny_data):
    return loading.load_split(tiny_data)


def test_a_given_folder_is_the_base(tmp_path):
    assert loading.base_folder(tmp_path) == tmp_path


def test_without_a_folder_the_installed_package_is_the_base(tmp_path, monkeypatch):
    package = tmp_path / "a_base_for_this_test"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(loading, "BASE_PACKAGE", package.name)
    assert loading.base_folder() == package / "model"


def test_a_missing_base_says_what_to_install(monkeypatch):
    monkeypatch.setattr(loading, "BASE_PACKAGE", "no_such_base_package")
    with pytest.raises(FileNotFoundError, match="pip install no-such-base-package"):
        loading.base_folder()


def test_every_part_of_the_data_is_read_and_our_own_rows_with_it(rows):
    markers = Counter(row.marker for row in rows if not row.source.startswith("headgate_"))
    assert set(markers) == {"chat", "pair", "text", "t2i", "t2v"}
    assert {"headgate_own", "headgate_contrasts"} <= {row.source for row in rows}


def test_missing_data_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        loading.load_rows(tmp_path)


def test_held_out_rows_are_none_of_our_templates_and_share_no_group_with_training(split):
    assert {row.source for row in split.held_out if row.source.startswith("headgate_")} == {"headgate_own"}
    made = ("headgate_answers", "headgate_settings", "headgate_contrasts")
    trained = {group_key(row) for row in split.train if row.source not in made}
    assert not trained & {group_key(row) for row in split.held_out}


def test_answered_pairs_join_the_training_and_are_made_of_trained_prompts_alone(split):
    answered = [row for row in split.train if row.source == "headgate_answers"]
    assert len(answered) == 6000
    prompts = {row.prompt[:600] for row in split.train if row.source != "headgate_answers"}
    assert {row.prompt for row in answered} <= prompts


def test_no_row_of_the_sets_is_lost(rows, split):
    kept = [row for row in split.train if row.source != "headgate_answers"]
    assert len(kept) + len(split.held_out) == len(rows)
