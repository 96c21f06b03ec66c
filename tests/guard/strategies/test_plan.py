from headgate.guard.strategies import STRATEGIES, Plan, Rejected


def test_every_strategy_is_a_pure_function_of_what_was_rejected() -> None:
    rejected = Rejected(round=1, findings=(), n=3)
    for strategy in STRATEGIES.values():
        assert isinstance(strategy(rejected), Plan)
        assert strategy(rejected) == strategy(rejected)
