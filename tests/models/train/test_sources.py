import pytest

from headgate.models.train import sources
from headgate.models.train.rows import UNKNOWN, Row


def pair(**changes):
    base = {"source": "oasst1_en", "marker": "pair", "prompt": "How do I plant tulips?", "response": "Dig a hole."}
    return Row(**(base | {"unsafe": 0.0} | changes))


def test_lines_of_a_compressed_file_are_read_in_order(pack, tmp_path):
    path = pack(tmp_path / "rows.jsonl.zst", [{"n": number, "é": "ü"} for number in range(3)])
    assert list(sources.read_lines(path)) == [{"n": number, "é": "ü"} for number in range(3)]


def test_rows_without_a_free_licence_are_left_out(pack, raw, tmp_path):
    path = pack(tmp_path / "train.jsonl.zst", [raw(), raw(commercial=False, prompt="Another question")])
    assert [one.prompt for one in sources.load_text(path)] == ["How do I plant tulips?"]


def test_advertisements_and_rows_unsafe_for_their_topic_alone_are_left_out(pack, raw, tmp_path):
    topic = raw(source="aart", label="unsafe", severity=1, category="gambling")
    path = pack(tmp_path / "train.jsonl.zst", [raw(source="sms_spam"), topic, topic | {"label": "safe"}])
    assert [(one.source, one.unsafe) for one in sources.load_text(path)] == [("aart", 0.0)]


@pytest.mark.parametrize(("kind", "marker"), [("prompt", "chat"), ("pair", "pair"), ("post", "text"), ("doc", "text")])
def test_the_kind_of_a_row_chooses_its_marker(raw, kind, marker):
    made = sources.text_row(raw(kind=kind, response="Dig a hole."))
    assert made.marker == marker
    assert (made.response is None) is (kind != "pair")


def test_attack_rows_say_nothing_about_unsafe(raw):
    made = sources.text_row(raw(label="attack", severity=2))
    assert (made.unsafe, made.attack, made.severity, made.categories) == (UNKNOWN, 1.0, -1, None)


def test_attacks_of_a_set_of_harmful_requests_are_unsafe(raw):
    assert sources.text_row(raw(source="wildjailbreak_2000", label="attack", severity=None)).unsafe == 1.0


def test_sensitive_is_not_unsafe_and_masks_categories(raw):
    made = sources.text_row(raw(label="sensitive"))
    assert (made.unsafe, made.sensitive, made.categories) == (0.0, 1.0, None)


def test_safe_rows_are_zero_for_all_categories_and_unknown_ones_are_masked(raw):
    assert sources.text_row(raw()).categories == ()
    assert sources.text_row(raw(label="unsafe", severity=2)).categories is None


def test_categories_of_an_unsafe_row_mask_their_neighbours(raw):
    made = sources.text_row(raw(label="unsafe", severity=2, category="arson"))
    assert made.categories == ("economic_crime",)
    assert "white_collar_crime" in made.maybe


@pytest.mark.parametrize(
    ("label", "severity", "kept"),
    [("safe", 0, 0), ("safe", None, -1), ("unsafe", 3, 3), ("unsafe", 0, -1), ("unsafe", None, -1), ("attack", 1, -1)],
)
def test_a_severity_that_contradicts_its_label_is_unknown(raw, label, severity, kept):
    assert sources.text_row(raw(label=label, severity=severity)).severity == kept


def test_machine_labels_weigh_less(raw):
    assert sources.text_row(raw(human=False)).weight < sources.text_row(raw()).weight == 1.0


@pytest.mark.parametrize(("language", "english"), [("en", True), ("singlish", True), ("de", False)])
def test_language_is_english_or_not(raw, language, english):
    assert sources.text_row(raw(lang=language)).english is english


def test_only_safe_rows_of_the_listed_sets_are_hard(raw):
    assert sources.text_row(raw(source="notinject")).hard
    assert not sources.text_row(raw(source="notinject", label="unsafe", severity=1)).hard
    assert not sources.text_row(raw()).hard


@pytest.mark.parametrize(
    "answer",
    ["I'm sorry, but no.", "I can't help with that.", "I cannot do it.", "As an AI, I have limits.", "Sorry, no.",
     '"I won\'t write it."', "I must decline.", "Unfortunately, I am not the one to ask.", "I apologize, but no."],
)  # fmt: skip
def test_refusing_openings_are_refusals(answer):
    assert sources.looks_like_refusal(answer)


@pytest.mark.parametrize(
    "answer", ["", "Sure!", "You can't plant tulips in summer.", "She said: I'm sorry.", "Well, I cannot complain."]
)
def test_other_openings_are_no_refusals(answer):
    assert not sources.looks_like_refusal(answer)


def test_refusal_is_known_of_pairs_alone(raw):
    refused = sources.text_row(raw(kind="pair", response="I'm sorry, no."))
    answered = sources.text_row(raw(kind="pair", response="Dig a hole."))
    assert (refused.refusal, answered.refusal, sources.text_row(raw()).refusal) == (1.0, 0.0, UNKNOWN)


def test_questions_of_ordinary_pairs_become_safe_prompts():
    (made,) = sources.prompts_of_pairs([pair(unsafe=1.0, severity=2, categories=None)])
    assert (made.marker, made.response, made.unsafe, made.severity, made.categories) == ("chat", None, 0.0, 0, ())


def test_questions_of_attack_sets_become_unsafe_prompts_of_unknown_category():
    (made,) = sources.prompts_of_pairs([pair(source="gptfuzz_labeled_train")])
    assert (made.unsafe, made.severity, made.categories) == (1.0, -1, None)
    assert made.weight < 1.0


def test_a_question_asked_twice_becomes_one_prompt():
    assert len(sources.prompts_of_pairs([pair(), pair(response="Use a spade."), pair(prompt="Why?")])) == 2


@pytest.mark.parametrize("changes", [{"source": "diasafety"}, {"english": False}, {"marker": "chat"}])
def test_questions_of_other_rows_are_left_alone(changes):
    assert sources.prompts_of_pairs([pair(**changes)]) == []


def test_visual_rows_need_a_licence_and_a_certain_label(pack, raw_picture, tmp_path):
    refused = [
        raw_picture(label=-1),
        raw_picture(licence="no licence file"),
        raw_picture(licence="CC BY-NC 4.0"),
        raw_picture(licence="CC-BY-NC-SA-4.0"),
    ]
    path = pack(tmp_path / "t2i.jsonl.zst", [raw_picture(), *refused])
    assert len(list(sources.load_visual(path))) == 1


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0", "CC BY 4.0 (captions)", "CC-BY-SA-4.0", "CC0-1.0"])
def test_free_licences_of_visual_rows_are_kept_with_them(pack, raw_picture, tmp_path, licence):
    path = pack(tmp_path / "t2i.jsonl.zst", [raw_picture(licence=licence)])
    assert [one.licence for one in sources.load_visual(path)] == [licence]


def test_visual_rows_keep_task_and_label(pack, raw_picture, tmp_path):
    rows = [raw_picture(), raw_picture(task="t2v", label=1, category="Hate", source="CoProV2")]
    safe, unsafe = sources.load_visual(pack(tmp_path / "rows.jsonl.zst", rows))
    assert (safe.marker, safe.unsafe, safe.severity, safe.categories, safe.weight) == ("t2i", 0.0, 0, (), 1.0)
    assert (unsafe.marker, unsafe.unsafe, unsafe.severity) == ("t2v", 1.0, -1)
    assert (unsafe.categories, unsafe.weight) == (("discrimination",), sources.MACHINE_WEIGHT)


@pytest.mark.parametrize(
    ("label", "slugs"), [("safe", ()), ("unsafe", ("economic_crime",)), ("attack", None), ("sensitive", None)]
)
def test_categories_are_known_of_safe_and_unsafe_rows(label, slugs):
    assert sources.categories_of("aart", "arson", label) == slugs
