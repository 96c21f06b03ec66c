from headgate.guard.strategies import Rejected
from headgate.guard.strategies.best_of_n import best_of_n

from ..test_guidelines import finding


def test_best_of_n_draws_several_under_the_guideline() -> None:
    plan = best_of_n(Rejected(round=1, findings=(finding("insult"),), n=4))
    assert plan.n == 4
    assert "Insulting behavior" in (plan.guidance or "")
    assert best_of_n(Rejected(round=1, findings=(), n=1)).n == 2
