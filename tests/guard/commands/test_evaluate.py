from __future__ import annotations

import json
from pathlib import Path

from ..dialogue import BAD
from .shell import headgate

ROWS = [
    {"kind": "prompt", "prompt": "good day", "label": "safe", "source": "a"},
    {"kind": "prompt", "prompt": "another good day", "label": "safe", "source": "b"},
    {"kind": "prompt", "prompt": f"{BAD} day", "label": "unsafe", "source": "a"},
    {"kind": "prompt", "prompt": "so tired of it", "label": "sensitive", "source": "a"},
]


def _file(folder: Path, name: str = "days.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_json_has_a_set_for_each_file_with_figures_in_0_to_1(tmp_path: Path) -> None:
    _file(tmp_path), _file(tmp_path, "more.jsonl")
    found = headgate("eval", tmp_path / "*.jsonl", "--json")
    report = json.loads(found.stdout)
    assert found.exit_code == 0
    assert [one["name"] for one in report["sets"]] == ["days", "more"]
    one = report["sets"][0]
    assert (one["rows"], one["f1"], one["fpr"], one["auroc"], one["unjudged"]) == (3, 1.0, 0.0, 1.0, 0)
    assert one["left_out"] == {"sensitive": 1}
    assert report["threshold"] == one["threshold"] == 0.5
    assert report["model"] == "fake@fake0000"


def test_the_threshold_can_be_given(tmp_path: Path) -> None:
    report = json.loads(headgate("eval", _file(tmp_path), "--threshold", "0.99", "--json").stdout)
    assert (report["threshold"], report["sets"][0]["recall"]) == (0.99, 0.0)


def test_the_table_names_sets_and_percentages(tmp_path: Path) -> None:
    found = headgate("eval", _file(tmp_path), "--where", "source=a")
    assert found.exit_code == 0
    assert "days" in found.output
    assert "100.0" in found.output


def test_the_table_shows_intervals_and_the_cost_of_a_disguise(tmp_path: Path) -> None:
    found = headgate("eval", _file(tmp_path), "--obfuscate")
    assert "(100.0–100.0)" in found.output or "(0.0–100.0)" in found.output
    assert "F1 disguised" in found.output


def test_json_has_the_disguise_only_where_asked_for(tmp_path: Path) -> None:
    plain = json.loads(headgate("eval", _file(tmp_path), "--json").stdout)["sets"][0]
    disguised = json.loads(headgate("eval", _file(tmp_path), "--json", "--obfuscate").stdout)["sets"][0]
    assert plain["obfuscated"] is None
    assert disguised["obfuscated"]["rows"] == 3
    assert plain == disguised | {"obfuscated": None}


def test_a_report_is_a_page_and_its_figures(tmp_path: Path) -> None:
    found = headgate("eval", _file(tmp_path), "--json", "--report", tmp_path / "out")
    assert found.exit_code == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == json.loads(found.stdout)
    assert "days" in (tmp_path / "out" / "report.html").read_text()


def test_no_row_is_quoted_outside_the_page(tmp_path: Path) -> None:
    found = headgate("eval", _file(tmp_path), "--threshold", "0.99", "--json", "--report", tmp_path / "out")
    assert BAD not in found.output + (tmp_path / "out" / "report.json").read_text()
    assert f"{BAD} day" in (tmp_path / "out" / "report.html").read_text()


def test_rows_that_cannot_be_read_end_it_with_their_place(tmp_path: Path) -> None:
    path = _file(tmp_path)
    path.write_text(path.read_text() + '{"prompt": "x", "label": "maybe"}\n')
    found = headgate("eval", path)
    assert found.exit_code == 2
    assert "row 5" in found.stderr


def test_bad_patterns_and_missing_files_are_bad_usage(tmp_path: Path) -> None:
    assert headgate("eval", _file(tmp_path), "--where", "source").exit_code == 2
    assert headgate("eval", tmp_path / "absent.jsonl").exit_code == 2
    assert headgate("eval").exit_code == 2
