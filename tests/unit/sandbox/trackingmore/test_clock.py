"""The carrier clock: it runs, stands and is moved on, but never goes back."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.trackingmore import CarrierClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Watch:
    """Real time, in the test's hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_it_runs_as_fast_as_it_is_told() -> None:
    watch = Watch()
    clock = CarrierClock(start=NOON, speed=60, monotonic=watch)

    watch.seconds = 10

    assert clock.now() == NOON + timedelta(minutes=10)


def test_another_speed_changes_nothing_that_has_passed() -> None:
    watch = Watch()
    clock = CarrierClock(start=NOON, speed=60, monotonic=watch)
    watch.seconds = 10

    clock.speed = 3600
    watch.seconds = 11

    assert clock.now() == NOON + timedelta(minutes=10, hours=1)


def test_it_stands_still_while_paused_and_runs_on_from_there() -> None:
    watch = Watch()
    clock = CarrierClock(start=NOON, monotonic=watch)
    watch.seconds = 5

    clock.pause()
    watch.seconds = 500
    stood_at = clock.now()
    clock.resume()
    watch.seconds = 501

    assert stood_at == NOON + timedelta(seconds=5)
    assert clock.now() == NOON + timedelta(seconds=6)


def test_it_can_be_moved_on_but_not_back() -> None:
    clock = CarrierClock(start=NOON, speed=0)

    clock.step(timedelta(hours=3))

    assert clock.now() == NOON + timedelta(hours=3)
    with pytest.raises(ValueError, match="can't go back"):
        clock.step(timedelta(seconds=-1))
