from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.guard.commands.batch import HALTED
from headgate.guard.filter import start

from ...upstream import Reply, running
from .shell import fake, headgate
from .test_filter import _file


def test_a_dry_run_writes_nothing_and_says_what_it_would_read(tmp_path: Path) -> None:
    source = _file(tmp_path, "oops\n")
    found = headgate("filter", source, "-o", tmp_path / "out", "--dry-run", "--json")
    assert found.exit_code == 0
    said = json.loads(found.stdout)
    assert (said["bytes"], said["tried"], said["errors"]) == (source.stat().st_size, 3, 1)
    assert not (tmp_path / "out").exists()


def test_too_many_errors_exit_4_and_the_run_can_go_on(tmp_path: Path) -> None:
    source, out = _file(tmp_path, "oops\n"), tmp_path / "out"
    found = headgate("filter", source, "-o", out, "--max-errors", 0)
    assert found.exit_code == HALTED
    assert "--max-errors 0" in found.output
    assert headgate("filter", source, "-o", out, "--resume").exit_code == 1


def test_a_quiet_run_prints_json_and_nothing_else(tmp_path: Path) -> None:
    found = headgate("tag", _file(tmp_path), "-o", tmp_path / "out", "--quiet", "--json")
    assert json.loads(found.stdout)["rows"] == 2
    assert found.stderr == ""


def test_a_report_is_a_page(tmp_path: Path) -> None:
    headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--report")
    assert "violence" in (tmp_path / "out" / "report.html").read_text()


def test_options_choose_rows(tmp_path: Path) -> None:
    source = _file(tmp_path)
    chosen = ("--where", "prompt=And*", "--seed", 3, "--json")
    report = json.loads(headgate("filter", source, "-o", tmp_path / "out", *chosen).stdout)
    assert (report["rows"], report["left_out"], report["dropped"]) == (1, 1, 1)
    assert headgate("filter", source, "-o", tmp_path / "more", "--preset", "nobody").exit_code == 2


def test_rows_that_wait_for_their_upstream_are_told_with_the_remedy(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with running() as server:
        named = ("--regenerate", "--upstream", server.url, "--upstream-model", "m")
        server.script = Reply(status=503, headers={"retry-after": "0"})
        found = headgate("filter", _file(tmp_path), "-o", out, *named)
        assert found.exit_code == 1
        assert "whose upstream failed: 1; --resume tries them again" in found.output
        server.script = Reply()
        found = headgate("filter", _file(tmp_path), "-o", out, *named, "--resume")
    assert found.exit_code == 0
    assert "--resume" not in found.output


def test_nothing_is_loaded_where_the_policy_is_off(tmp_path: Path) -> None:
    report = json.loads(headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--policy", "off", "--json").stdout)
    assert (report["kept"], report["run"]["models"], report["unjudged"]) == (2, [], {"policy_off": 2})


def test_scores_that_were_written_stand_in_for_the_model(tmp_path: Path) -> None:
    source = _file(tmp_path)
    assert headgate("filter", source, "-o", tmp_path / "one", "--write-scores").exit_code == 0
    taken = ("--score-file", tmp_path / "one" / "scores.jsonl")
    found = headgate("filter", source, "-o", tmp_path / "two", *taken, "--json")
    report = json.loads(found.stdout)
    assert (report["kept"], report["dropped"], report["run"]["models"][0][:7]) == (1, 1, "scores@")


def test_making_answers_again_needs_an_upstream_and_has_a_policy_of_its_own(tmp_path: Path) -> None:
    found = headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--regenerate")
    assert (found.exit_code, "--upstream URL" in found.output) == (2, True)
    with running() as server:
        named = ("--upstream", server.url, "--upstream-model", "m", "--json")
        found = headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--regenerate", *named)
    report = json.loads(found.stdout)
    assert (report["regenerated"], report["run"]["policy"]) == (1, "dataset-regenerate")


def test_a_url_is_an_output_like_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    url = f"memory://{tmp_path.name}/out"
    found = headgate("filter", _file(tmp_path), "-o", url)
    assert (found.exit_code, f"{url}/kept.jsonl" in found.stdout.replace("\n", "")) == (0, True)
    assert headgate("filter", _file(tmp_path), "-o", url).exit_code == 2


def test_a_model_that_is_given_is_asked_on_any_number_of_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "cores", lambda: 8)
    model = fake()
    found = headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--json", models=model)
    assert (json.loads(found.stdout)["dropped"], model.calls > 0) == (1, True)
    found = headgate("filter", _file(tmp_path), "-o", tmp_path / "more", "--processes", 2, models=model)
    assert (found.exit_code, "by its name" in found.output) == (2, True)
