import json
from collections import Counter, defaultdict

import msgspec
import pytest

from headgate.models.taxonomy import SLUGS
from headgate.models.train import own
from headgate.models.train.rows import UNKNOWN

FILES = sorted(own.FOLDER.glob("*.jsonl"))
LINES = [line for path in FILES for line in path.read_bytes().splitlines() if line.strip()]
ROWS = [msgspec.json.decode(line, type=own.OwnRow) for line in LINES]


def line(**changes):
    base = {
        "kind": "prompt", "purpose": "chat", "prompt": "How do I plant tulips?", "response": None, "label": "safe",
        "severity": 0, "categories": [], "refusal": None, "twin": None,
    }  # fmt: skip
    return json.dumps(base | changes)


@pytest.fixture
def read(tmp_path):
    def made(*lines):
        (tmp_path / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return own.rows(tmp_path)

    return made


def texts(rows):
    """What a reader of the file sees, without case, spaces and marks."""
    return ["|".join("".join(filter(str.isalnum, (text or "").lower())) for text in row) for row in rows]


def where(condition):
    return [f"line {number}: {row.prompt[:60]!r}" for number, row in enumerate(ROWS, 1) if condition(row)]


def test_every_line_of_the_files_becomes_a_row():
    assert len(own.rows()) == len(LINES) > 8000


def test_the_file_is_readable_on_its_own_with_the_same_fields_in_every_line():
    assert {tuple(json.loads(text)) for text in LINES} == {own.OwnRow.__struct_fields__}


def test_no_text_stands_twice():
    seen = Counter(texts((row.purpose, row.kind, row.prompt, row.response) for row in ROWS))
    assert [text for text, count in seen.items() if count > 1] == []


def test_no_text_has_two_labels():
    found = defaultdict(set)
    for row, key in zip(ROWS, texts((row.prompt, row.response) for row in ROWS), strict=True):
        found[key].add(row.label)
    assert [key for key, labels in found.items() if len(labels) > 1] == []


def test_slugs_exist_and_stand_once_in_a_row():
    assert where(lambda row: not set(row.categories) <= set(SLUGS)) == []
    assert where(lambda row: len(set(row.categories)) != len(row.categories)) == []


def test_severity_is_zero_for_harmless_rows_alone_and_one_to_three_for_others():
    assert where(lambda row: (row.severity == 0) is (row.label in ("unsafe", "attack"))) == []
    assert where(lambda row: row.severity not in range(4)) == []


def test_safe_rows_name_no_category_and_harmful_ones_at_least_one():
    assert where(lambda row: row.label == "safe" and row.categories != ()) == []
    assert where(lambda row: row.label in ("unsafe", "attack") and not row.categories) == []


def test_attacks_name_prompt_attack():
    assert where(lambda row: row.label == "attack" and "prompt_attack" not in row.categories) == []


def test_pairs_alone_have_an_answer_and_say_whether_it_refuses():
    assert where(lambda row: (row.kind == "pair") is not bool((row.response or "").strip())) == []
    assert where(lambda row: (row.kind == "pair") is (row.refusal is None)) == []


def test_prompts_for_generators_are_prompts():
    assert where(lambda row: row.purpose != "chat" and row.kind != "prompt") == []


def test_no_prompt_is_empty_or_padded():
    assert where(lambda row: not row.prompt or row.prompt != row.prompt.strip()) == []


def test_refusals_are_never_unsafe():
    assert where(lambda row: bool(row.refusal) and row.label in ("unsafe", "attack")) == []


def test_twins_come_in_twos_or_more_and_differ_in_label_or_severity():
    twins = defaultdict(list)
    for row in ROWS:
        if row.twin is not None:
            twins[row.twin].append(row)
    assert len(twins) > 500
    assert [name for name, rows in twins.items() if len(rows) < 2] == []
    assert [name for name, rows in twins.items() if len({(row.label, row.severity) for row in rows}) < 2] == []


def test_both_classes_are_written_for_every_kind_of_text():
    for kind, purpose in (("prompt", "chat"), ("pair", "chat"), ("text", "chat"), ("prompt", "t2i"), ("prompt", "t2v")):
        labels = {row.label for row in ROWS if (row.kind, row.purpose) == (kind, purpose)}
        assert {"safe", "unsafe"} <= labels, (kind, purpose)


@pytest.mark.parametrize(
    ("changes", "marker"),
    [({}, "chat"), ({"purpose": "t2v"}, "t2v"), ({"kind": "text"}, "text"),
     ({"kind": "pair", "response": "Dig.", "refusal": False}, "pair")],
)  # fmt: skip
def test_the_marker_says_what_is_judged(read, changes, marker):
    assert read(line(**changes))[0].marker == marker


def test_unsafe_rows_keep_severity_and_categories(read):
    (made,) = read(line(label="unsafe", severity=2, categories=["insult", "privacy"]))
    assert (made.unsafe, made.attack, made.severity, made.categories) == (1.0, 0.0, 2, ("insult", "privacy"))


def test_an_attack_without_a_payload_says_nothing_about_harm(read):
    (made,) = read(line(label="attack", severity=2, categories=["prompt_attack"]))
    assert (made.unsafe, made.attack, made.severity, made.categories) == (UNKNOWN, 1.0, -1, None)


def test_an_attack_with_a_payload_is_unsafe_for_it(read):
    (made,) = read(line(label="attack", severity=2, categories=["prompt_attack", "privacy"]))
    assert (made.unsafe, made.attack, made.categories) == (1.0, 1.0, ("privacy",))


def test_sensitive_is_not_unsafe(read):
    (made,) = read(line(label="sensitive"))
    assert (made.unsafe, made.sensitive, made.severity) == (0.0, 1.0, 0)


def test_a_person_at_risk_teaches_nothing_about_categories(read):
    (made,) = read(line(label="sensitive", categories=["self_harm"]))
    assert made.categories is None


def test_an_unsafe_text_that_is_also_called_an_attack_leaves_that_head_open(read):
    (made,) = read(line(label="unsafe", severity=2, categories=["privacy", "prompt_attack"]))
    assert (made.unsafe, made.attack, made.categories) == (1.0, UNKNOWN, ("privacy",))


def test_twins_are_one_group(read):
    assert [one.group for one in read(line(twin="x-1"), line(prompt="Which soil?"))] == ["x-1", ""]


def test_a_refusal_is_known_of_pairs_alone(read):
    refused, plain = read(line(kind="pair", response="I can't.", refusal=True), line())
    assert (refused.refusal, plain.refusal) == (1.0, UNKNOWN)


def test_a_safe_row_is_hard_where_it_has_a_twin(read):
    lonely, safe, unsafe = read(
        line(), line(twin="a-1"), line(twin="a-1", label="unsafe", severity=1, categories=["insult"])
    )
    assert (lonely.hard, safe.hard, unsafe.hard) == (False, True, False)


def test_empty_lines_are_skipped(read):
    assert len(read("", line(), "  ", line(prompt="Why?"))) == 2


@pytest.mark.parametrize("changes", [{"label": "odd"}, {"severity": "2"}, {"extra": 1}, {"purpose": "song"}])
def test_a_malformed_line_is_named_by_a_validation_error(read, changes):
    with pytest.raises(msgspec.ValidationError):
        read(line(**changes))
