from headgate.guard.strategies import Plan, Rejected
from headgate.guard.strategies.blind import blind


def test_blind_changes_nothing() -> None:
    assert blind(Rejected(round=3, findings=())) == Plan()
