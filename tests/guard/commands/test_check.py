from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image as Pictures

from headgate.guard.commands.check import exit_code
from headgate.guard.guard import Guard
from headgate.policies.verdict import Action, Coverage, Missed, Verdict

from ..dialogue import BAD, WORSE
from .shell import fake, headgate


def test_a_harmless_text_is_allowed_and_exits_0() -> None:
    found = headgate("check", "How do I boil an egg?")
    assert found.exit_code == 0
    assert "allow" in found.output


def test_what_the_policy_acts_on_exits_1_and_names_category_severity_and_rule() -> None:
    found = headgate("check", f"A {WORSE} thing.")
    assert found.exit_code == 1
    for word in ("refuse", "violence", "severe", "input.severe", "messages[0].content", "default@"):
        assert word in found.output


def test_json_is_the_verdict_of_the_guard_byte_for_byte() -> None:
    with Guard("default", models=fake()) as guard:
        expected = guard.check("What now?", response=f"{BAD} luck.").to_json()
    found = headgate("check", "What now?", "--response", f"{BAD} luck.", "--json")
    assert found.stdout_bytes == expected + b"\n"
    assert found.exit_code == 1


def test_text_may_come_from_stdin() -> None:
    for arguments in (["check", "--json"], ["check", "-", "--json"]):
        found = headgate(*arguments, input=f"{WORSE}\n")
        assert json.loads(found.stdout)["action"] == "refuse"


def test_bytes_that_are_no_text_do_not_break_it() -> None:
    assert headgate("check", input=b"caf\xe9 au lait").exit_code == 0


def test_an_answer_alone_can_be_judged() -> None:
    found = headgate("check", "--response", f"{BAD} luck.", "--json")
    assert json.loads(found.stdout)["action"] == "regenerate"


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_conversation_is_read_from_a_file(tmp_path: Path, wrapped: bool) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "tool", "content": f"{WORSE}"}]
    path = tmp_path / "chat.json"
    path.write_text(json.dumps({"model": "m", "messages": messages} if wrapped else messages))
    found = headgate("check", "--messages", path, "--json")
    assert json.loads(found.stdout)["findings"][0]["part"] == "messages[1].content"


@pytest.mark.parametrize("body", ["{", "7", '{"model": "m"}', '["hi"]', '[{"role": "narrator", "content": "x"}]'])
def test_a_conversation_that_cannot_be_read_is_bad_usage(tmp_path: Path, body: str) -> None:
    path = tmp_path / "chat.json"
    path.write_text(body)
    found = headgate("check", "--messages", path)
    assert found.exit_code == 2
    assert found.stderr.startswith("headgate: error: ")
    assert "Traceback" not in found.output


def test_text_and_messages_together_are_bad_usage(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    path.write_text("[]")
    assert headgate("check", "hello", "--messages", path).exit_code == 2


def test_a_policy_that_is_not_there_is_bad_usage() -> None:
    found = headgate("check", "hello", "--policy", "defualt")
    assert found.exit_code == 2
    assert "default" in found.stderr


def test_a_model_that_is_not_there_means_not_judged() -> None:
    found = headgate("check", "hello", "--model", "/nowhere/at/all")
    assert found.exit_code == 3
    assert found.stderr.startswith("headgate: error: ")


def test_a_classifier_that_fails_means_not_judged_and_is_said() -> None:
    found = headgate("check", "hello", models=fake(default=RuntimeError("broken")))
    assert found.exit_code == 3
    assert "not judged" in found.output


def test_exit_codes_tell_findings_from_what_nobody_judged() -> None:
    missed = Coverage(unjudged=(Missed(part="a", reason="too_long", action=Action.FLAG),))
    assert exit_code(Verdict(action=Action.ALLOW)) == 0
    assert exit_code(Verdict(action=Action.FLAG, coverage=missed)) == 3
    assert exit_code(Verdict(action=Action.FLAG)) == 1


def test_an_audit_record_is_appended_without_the_text(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for text in ("zyzzyva", WORSE):
        headgate("check", text, "--record", path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["surface"], row["verdict"]["action"]) for row in rows] == [("cli", "allow"), ("cli", "refuse")]
    assert rows[0]["parts"][0]["length"] == 7
    assert "zyzzyva" not in path.read_text()


def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Pictures.new("RGB", (64, 48), "white").save(path)
    return path


def test_an_image_is_judged_alone_and_with_a_text(tmp_path: Path) -> None:
    alone = headgate("check", "--image", picture(tmp_path), "--json")
    assert json.loads(alone.stdout)["coverage"]["judged"] == ["images[0]"]
    both = headgate("check", f"A {WORSE} thing.", "--image", picture(tmp_path), "--json")
    assert json.loads(both.stdout)["coverage"]["judged"] == ["messages[0].content", "images[0]"]
    assert both.exit_code == 1


def test_what_was_found_is_drawn_where_it_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    assert headgate("check", "--image", picture(tmp_path), "--annotate", out).exit_code == 0
    with Pictures.open(out) as drawn:
        assert drawn.height > 48


def test_a_missing_image_and_nothing_to_draw_are_bad_usage(tmp_path: Path) -> None:
    missing = headgate("check", "--image", tmp_path / "none.png")
    assert missing.exit_code == 2
    assert "images[0]: cannot read" in missing.output
    assert headgate("check", "hello", "--annotate", tmp_path / "out.png").exit_code == 2
