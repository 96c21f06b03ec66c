from headgate.models.vision.bounds import DEFAULT, Bounds


def test_bounds_hold_a_usual_photograph_and_are_values() -> None:
    assert DEFAULT.pixels >= 48_000_000
    assert Bounds(bytes=10) == Bounds(bytes=10)
