from headgate.models.guards.beaver_dam import GUARD, LABELS

from .replies import ANSWER, PROMPT, found

NONE = dict.fromkeys(LABELS, 0.0)


def test_the_answer_follows_its_question_without_a_space_and_ends_with_eos():
    whole = GUARD.before(ANSWER) + "Quite warm." + GUARD.after
    assert whole == "BEGINNING OF CONVERSATION: USER: How warm is tea? ASSISTANT:Quite warm.</s>"


def test_it_judges_answers_and_no_prompts():
    assert GUARD.aside(ANSWER) is None
    assert GUARD.aside(PROMPT) is not None


def test_the_likeliest_of_fourteen_labels_is_the_score():
    judged = GUARD.read(ANSWER, NONE | {"privacy_violation": 0.7, "self_harm": 0.3})
    assert len(LABELS) == 14
    assert judged.unsafe == 0.7
    assert found(judged) == {"privacy": 0.7, "self_harm": 0.3}


def test_rows_are_never_padded_since_the_last_token_is_read():
    assert not GUARD.joins
    assert GUARD.threshold == 0.4
