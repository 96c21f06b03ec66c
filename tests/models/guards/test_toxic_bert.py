import pytest

from headgate.models.guards.toxic_bert import GUARD, LABELS

from .replies import PROMPT, found

NONE = dict.fromkeys(LABELS, 0.0)


@pytest.mark.parametrize(
    ("label", "slug"), [("threat", "violence"), ("identity_hate", "discrimination"), ("obscene", "insult")]
)
def test_each_label_is_a_category(label: str, slug: str):
    judged = GUARD.read(PROMPT, NONE | {label: 0.8})
    assert judged.unsafe == 0.8
    assert found(judged) == {slug: 0.8}


def test_harm_that_is_not_rude_is_not_assessed():
    assert GUARD.read(PROMPT, NONE).categories["drugs"] is None
