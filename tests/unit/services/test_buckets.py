"""Buckets that fill with time: so much at once, then so much a minute, and nothing for what is refused."""

import pytest

from bot.services.buckets import REMEMBERED, Buckets


class Time:
    """Moves when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def buckets(time: Time) -> Buckets:
    return Buckets(monotonic=time)


def emptied(buckets: Buckets, name: str, most: int) -> int:
    """Take until it is empty; return how many there were."""
    taken = 0
    while buckets.take((name, most)) is None:
        taken += 1
    return taken


@pytest.mark.promise("S11")
@pytest.mark.parametrize("most", [1, 6, 300])
def test_a_bucket_holds_so_many_and_is_full_again_after_a_minute_and_never_fuller(
    buckets: Buckets, time: Time, most: int
) -> None:
    at_once = emptied(buckets, "ada", most)
    time.now += 60.01
    after_a_minute = emptied(buckets, "ada", most)
    time.now += 3600
    after_an_hour = emptied(buckets, "ada", most)

    assert (at_once, after_a_minute, after_an_hour) == (most, most, most)


@pytest.mark.promise("S11")
def test_one_that_was_hardly_used_is_no_fuller_for_it(buckets: Buckets, time: Time) -> None:
    buckets.take(("ada", 10))
    time.now += 30

    assert emptied(buckets, "ada", 10) == 10


@pytest.mark.promise("S11")
@pytest.mark.parametrize(("most", "seconds"), [(1, 60.0), (6, 10.0), (60, 1.0)])
def test_whoever_waits_as_long_as_it_says_is_let_through_and_nobody_sooner(
    buckets: Buckets, time: Time, most: int, seconds: float
) -> None:
    emptied(buckets, "ada", most)

    empty = buckets.take(("ada", most))
    time.now += seconds * 0.99
    sooner = buckets.take(("ada", most))
    time.now += seconds * 0.02
    later = buckets.take(("ada", most))

    assert empty == pytest.approx((0, seconds))
    assert sooner == pytest.approx((0, seconds * 0.01))
    assert later is None


@pytest.mark.promise("S11")
def test_which_bucket_is_empty_is_said_and_nothing_is_taken_from_the_others(buckets: Buckets) -> None:
    emptied(buckets, "channel", 5)

    empty = buckets.take(("ada", 3), ("channel", 5), ("workspace", 7))

    assert empty == pytest.approx((1, 12.0))
    assert (emptied(buckets, "ada", 3), emptied(buckets, "workspace", 7)) == (3, 7)


@pytest.mark.promise("S11")
def test_what_is_taken_comes_out_of_each(buckets: Buckets) -> None:
    buckets.take(("ada", 3), ("channel", 5))

    assert (emptied(buckets, "ada", 3), emptied(buckets, "channel", 5), emptied(buckets, "ben", 3)) == (2, 4, 3)


@pytest.mark.promise("S11")
def test_of_very_many_the_one_unused_for_longest_is_forgotten(buckets: Buckets) -> None:
    names = [str(number) for number in range(REMEMBERED)]
    for name in (*names, names[0], "one more"):
        buckets.take((name, 2))

    left = [emptied(buckets, name, 2) for name in (names[0], names[2], names[-1], names[1])]

    assert left == [0, 1, 1, 2]  # a bucket that is forgotten is full
