from headgate.models.guards.granite_hap import GUARD

from .replies import PROMPT, found


def test_one_label_may_mean_either_category():
    judged = GUARD.read(PROMPT, {"none": 0.2, "HAP": 0.8})
    assert judged.ambiguous
    assert found(judged) == {"insult": 0.8, "discrimination": 0.8}
    assert not GUARD.read(PROMPT, {"none": 0.9, "HAP": 0.1}).ambiguous
