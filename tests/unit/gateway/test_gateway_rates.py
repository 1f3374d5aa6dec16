"""How often one key may ask, and that others are not held up by it."""

from datetime import timedelta

from gateway.rates import RateLimit


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_too_many_is_refused_until_the_window_has_passed() -> None:
    clock = Clock()
    limit = RateLimit(2, timedelta(seconds=60), clock)
    assert [limit.takes("a") for _ in range(3)] == [True, True, False]
    assert limit.takes("b")
    clock.now = 59.9
    assert not limit.takes("a")
    clock.now = 60.0
    assert limit.takes("a")


def test_keys_without_end_are_forgotten() -> None:
    limit = RateLimit(1, timedelta(seconds=60), Clock())
    assert limit.takes("first")
    for number in range(10_000):
        limit.takes(str(number))
    assert limit.takes("first")
