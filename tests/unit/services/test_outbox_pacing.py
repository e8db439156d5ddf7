"""How fast Slack takes what we say: so much at once, then so much a minute, and nothing while it asks for silence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.parcel import Place
from bot.services.pacing import (
    POSTS_A_MINUTE,
    POSTS_AT_ONCE,
    REDRAWS_A_MINUTE,
    REDRAWS_AT_ONCE,
    REMEMBERED,
    Bucket,
    Pacing,
)
from tests.fakes import FakeClock
from tests.unit.services.core import OPS, ORDERS

ELSEWHERE = Place("T2", "C-ELSEWHERE")


@pytest.mark.promise("R20")
@given(st.lists(st.floats(0, 5), max_size=60))
def test_in_no_stretch_of_time_more_pass_than_fit_into_it(pauses: list[float]) -> None:
    bucket, now, passed = Bucket(1.0, 2), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if not bucket.wait("C", now):
            bucket.take("C", now)
            passed.append(now)

    for first, began in enumerate(passed):
        for last, ended in enumerate(passed[first:], first):
            assert last - first + 1 <= 2 + (ended - began) + 1e-6


@pytest.mark.promise("R20")
def test_after_so_long_as_it_says_one_may_pass() -> None:
    bucket = Bucket(1.0, 2)
    for _ in range(4):
        bucket.take("C", 10.0)

    wait = bucket.wait("C", 10.0)

    assert (wait, bucket.wait("C", 10.0 + wait), bucket.wait("D", 10.0)) == (3.0, 0.0, 0.0)


@pytest.mark.promise("R20")
def test_a_channel_two_at_once_and_a_workspace_no_more_a_minute_than_slack_takes() -> None:
    clock = FakeClock()
    pacing, said = Pacing(clock), 0
    for number in range(10 * POSTS_AT_ONCE):
        place = Place("T", f"C{number}")
        if not pacing.post_wait(place):
            pacing.posted(place)
            said += 1

    assert said == POSTS_AT_ONCE
    assert POSTS_AT_ONCE + POSTS_A_MINUTE <= 300
    assert REDRAWS_AT_ONCE + REDRAWS_A_MINUTE <= 50
    assert pacing.post_wait(ELSEWHERE) == 0


@pytest.mark.promise("R20")
def test_while_slack_asks_for_silence_no_card_is_redrawn_in_that_workspace() -> None:
    clock = FakeClock()
    pacing = Pacing(clock)

    pacing.no_redraws("T", timedelta(seconds=30))

    assert (pacing.redraw_wait("T"), pacing.redraw_wait("T2")) == (30, 0)
    clock.move(seconds=31)
    assert pacing.redraw_wait("T") == 0


@pytest.mark.promise("R20")
def test_that_slack_asks_for_silence_lets_nobody_pass_sooner_who_waits_for_longer() -> None:
    bucket = Bucket(1.0, 2)
    for _ in range(100):
        bucket.take("C", 10.0)
    before = bucket.wait("C", 10.0)

    bucket.close("C", 12.0)

    assert bucket.wait("C", 10.0) == before > 90


def test_without_a_pace_nothing_waits() -> None:
    pacing = Pacing(FakeClock(), timedelta())
    for _ in range(1000):
        pacing.posted(ORDERS)
        pacing.redrawn("T")

    assert (pacing.post_wait(ORDERS), pacing.post_wait(OPS), pacing.redraw_wait("T")) == (0, 0, 0)


def test_of_channels_that_were_silent_nothing_is_kept() -> None:
    bucket = Bucket(1.0, 2)

    for number in range(3 * REMEMBERED):
        bucket.take(number, float(number))

    assert len(bucket) <= REMEMBERED + 1
