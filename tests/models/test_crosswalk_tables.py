from headgate.models.crosswalk_tables import COLUMNS, EXPORT, IMPORT
from headgate.models.taxonomy import BY_ID


def test_the_export_table_has_a_row_for_each_category_and_a_cell_for_each_column():
    assert list(EXPORT) == list(BY_ID)
    assert all(len(row) == len(COLUMNS) for row in EXPORT.values())


def test_the_import_table_has_every_label_that_was_published():
    sizes = {taxonomy: len(entries) for taxonomy, entries in IMPORT.items()}
    assert sizes == {
        "BT": 14, "BTV": 20, "SS": 12, "LG": 14, "OAI": 13, "AZ": 4, "SG": 4, "QW": 9, "AE": 23, "GRANITE": 7,
    }  # fmt: skip


def test_a_meaning_never_names_a_category_twice():
    for entries in IMPORT.values():
        for entry in entries.values():
            assert len(set(entry.ids)) == len(entry.ids)
