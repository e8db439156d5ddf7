"""What is no change: old news, other words for it, and a status that goes to and fro."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.changes import observe
from bot.domain.parcel import Parcel, Report
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import (
    ATTEMPTED,
    DELIVERED,
    DEPARTED,
    NOW,
    OUT,
    PICKED_UP,
    followed,
    known_of,
    line,
    report,
    told,
)

T = Status.IN_TRANSIT
LATER = NOW + timedelta(minutes=5)

# ── what is no change ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_status_twice_is_no_change() -> None:
    parcel, _ = told(followed(), report(Status.DELIVERED, DELIVERED, PICKED_UP))

    after, change = observe(parcel, report(Status.DELIVERED, DELIVERED, PICKED_UP, refreshed=2), LATER)

    assert change is None
    assert after.revision == parcel.revision


def test_lines_in_another_order_are_no_change() -> None:
    parcel, _ = told(followed(), report(T, DEPARTED, OUT, PICKED_UP))

    assert observe(parcel, report(T, PICKED_UP, OUT, DEPARTED, refreshed=1), LATER)[1] is None


def test_a_line_that_comes_twice_is_one_line() -> None:
    twice = replace(DELIVERED, location="")

    parcel, events = told(
        followed(), *[report(Status.DELIVERED, twice, DELIVERED, PICKED_UP, PICKED_UP, refreshed=n) for n in (0, 1)]
    )

    assert events == [(Event.DELIVERED,), ()]
    assert parcel.checkpoints == (DELIVERED, PICKED_UP)


def test_a_reworded_line_only_redraws_the_card() -> None:
    parcel, _ = told(followed(), report(T, DEPARTED, PICKED_UP))
    reworded = replace(DEPARTED, text="Left the sorting centre")

    after, change = observe(parcel, report(T, reworded, PICKED_UP, refreshed=1), LATER)

    assert change
    assert (change.events, change.checkpoints) == ((), ())
    assert after.newest == reworded


def test_a_redated_line_only_redraws_the_card() -> None:
    parcel, _ = told(followed(), report(T, DEPARTED, PICKED_UP))
    redated = replace(DEPARTED, local_time=line("1 23:30", "").local_time)

    _, change = observe(parcel, report(T, redated, PICKED_UP, refreshed=1), LATER)

    assert change
    assert (change.events, change.checkpoints) == ((), ())


def test_a_reworded_line_is_not_told_beside_a_new_one() -> None:
    parcel, _ = told(followed(), report(T, DEPARTED, PICKED_UP))
    reworded = replace(DEPARTED, text="Left the sorting centre")

    _, change = observe(parcel, report(Status.PICKUP, OUT, reworded, PICKED_UP, refreshed=1), LATER)

    assert change
    assert change.checkpoints == (OUT,)


def test_a_line_that_goes_and_comes_back_is_no_news() -> None:
    parcel, _ = told(followed(), report(T, DEPARTED, PICKED_UP), report(T, PICKED_UP, refreshed=1))

    _, change = observe(parcel, report(T, DEPARTED, PICKED_UP, refreshed=2), LATER)

    assert change
    assert (change.events, change.checkpoints) == ((), ())


def test_a_line_that_learns_its_place_is_not_told_again() -> None:
    parcel, _ = told(followed(), report(T, replace(DEPARTED, location=""), PICKED_UP))

    assert told(parcel, report(T, DEPARTED, PICKED_UP, refreshed=1))[1] == [()]


def test_history_added_afterwards_is_no_news() -> None:
    parcel = followed(report(T, line("9 10:00", "Arrived"), refreshed=-1))
    old, newer = line("7 09:59", "Label printed"), line("7 10:00", "Handed over")

    _, change = observe(parcel, report(T, line("9 10:00", "Arrived"), old), NOW)
    _, other = observe(parcel, report(T, line("9 10:00", "Arrived"), newer), NOW)

    assert change
    assert (change.events, change.checkpoints) == ((), ())
    assert other
    assert other.checkpoints == (newer,)


def test_lines_that_a_carrier_purges_are_kept() -> None:
    parcel, _ = told(followed(), report(Status.DELIVERED, DELIVERED, PICKED_UP))

    after, events = told(parcel, report(Status.PENDING, refreshed=2))

    assert (after.status, after.checkpoints, events) == (Status.DELIVERED, (DELIVERED, PICKED_UP), [()])


def test_a_parcel_that_moved_without_lines_does_not_become_unseen_again() -> None:
    parcel, _ = told(followed(report(Status.PENDING, refreshed=-1)), report(Status.DELIVERED))

    after, events = told(parcel, report(Status.NOT_FOUND, refreshed=2))

    assert (after.status, events) == (Status.DELIVERED, [()])


# ── to and fro ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R10")
def test_a_status_that_goes_to_and_fro_on_the_same_newest_line_is_told_once() -> None:
    out, moving = report(Status.PICKUP, OUT, PICKED_UP), report(T, OUT, PICKED_UP)

    parcel, events = told(followed(), out, moving, out, moving, out, moving)

    assert events == [(Event.OUT,), (), (), (), (), ()]
    assert parcel.revision == followed().revision + 6  # each redraws the card


def test_a_status_that_returns_with_a_newer_line_is_told_each_time() -> None:
    back = line("2 18:00", "Back at the depot")
    out_again = line("3 07:00", "Out for delivery", Status.PICKUP, location="Orem")

    _, events = told(
        followed(),
        report(Status.PICKUP, OUT, PICKED_UP),
        report(T, back, OUT, PICKED_UP, refreshed=1),
        report(Status.PICKUP, out_again, back, OUT, PICKED_UP, refreshed=2),
    )

    assert events == [(Event.OUT,), (Event.MOVING,), (Event.OUT,)]


def test_a_status_told_on_the_line_before_is_told_again_with_a_newer_one() -> None:
    out_again = line("3 07:00", "Out for delivery", Status.PICKUP, location="Orem")

    _, events = told(
        followed(),
        report(Status.PICKUP, OUT, PICKED_UP),
        report(T, OUT, PICKED_UP),
        report(Status.PICKUP, out_again, OUT, PICKED_UP, refreshed=2),
    )

    assert events == [(Event.OUT,), (), (Event.OUT,)]


@pytest.mark.promise("R11")
def test_what_was_so_when_following_began_is_not_told_when_it_comes_back_without_a_newer_line() -> None:
    parcel = followed(report(Status.PICKUP, OUT, refreshed=-1))

    assert told(parcel, report(T, OUT), report(Status.PICKUP, OUT))[1] == [(Event.MOVING,), ()]


def test_an_older_line_that_turns_up_late_does_not_renew_what_was_told() -> None:
    late = line("1 12:00", "Sorted")
    out = report(Status.PICKUP, OUT, PICKED_UP)

    _, events = told(
        followed(), out, report(T, OUT, PICKED_UP), report(Status.PICKUP, OUT, late, PICKED_UP, substatus="pickup001")
    )

    assert Event.OUT not in events[2]


def test_a_delivery_taken_back_is_told_as_such() -> None:
    back = line("3 09:00", "Found at the depot")
    parcel, _ = told(followed(), report(Status.DELIVERED, DELIVERED))

    assert told(parcel, report(T, back, DELIVERED, refreshed=1))[1] == [(Event.REVERSED,)]


def test_a_delivery_taken_back_without_a_line_is_told_once_for_each_time_it_came_with_one() -> None:
    moving, there = report(T, DELIVERED, PICKED_UP), report(Status.DELIVERED, DELIVERED, PICKED_UP)
    again = line("3 09:00", "Delivered", Status.DELIVERED)
    there_again = report(Status.DELIVERED, again, DELIVERED, PICKED_UP)

    _, events = told(followed(), there, moving, there, moving, there_again, report(T, again, DELIVERED, PICKED_UP))

    assert events == [(Event.DELIVERED,), (Event.REVERSED,), (), (), (Event.DELIVERED,), (Event.REVERSED,)]


# ── old reports ───────────────────────────────────────────────────────────────────────────────────────────────────────

STEPS = (
    report(T, PICKED_UP, refreshed=0),
    report(T, DEPARTED, PICKED_UP, refreshed=1),
    report(Status.PICKUP, OUT, DEPARTED, PICKED_UP, refreshed=2, substatus="pickup001"),
    report(Status.UNDELIVERED, ATTEMPTED, OUT, DEPARTED, PICKED_UP, refreshed=3),
    report(Status.DELIVERED, DELIVERED, ATTEMPTED, OUT, DEPARTED, PICKED_UP, refreshed=4),
)
FORWARD = (Event.OUT, Event.ATTEMPT, Event.DELIVERED)


def _unseen() -> Parcel:
    return followed(report(Status.PENDING, refreshed=-1))


def test_five_reports_in_any_order_end_in_the_same_state_and_tell_each_change_once() -> None:
    at_the_end = known_of(told(_unseen(), STEPS[-1])[0])

    for steps in itertools.permutations(STEPS):
        parcel, events = told(_unseen(), *steps)
        of_changes = [one[0] for one in events if one and one[0] is not Event.MOVING]

        assert known_of(parcel) == at_the_end
        assert of_changes == [event for event in FORWARD if event in of_changes]


@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_reports_that_come_often_and_late_never_tell_a_change_twice(steps: list[Report]) -> None:
    _, events = told(_unseen(), *steps)

    for event in FORWARD:
        assert sum(event in one for one in events) <= 1


@pytest.mark.promise("R9")
def test_reports_that_do_not_say_when_they_were_made_are_told_apart_by_their_newest_line() -> None:
    for steps in itertools.permutations(replace(step, updated_at=None) for step in STEPS):
        parcel, _ = told(_unseen(), *steps)

        assert (parcel.status, parcel.newest) == (Status.DELIVERED, DELIVERED)


def test_an_old_report_changes_nothing_at_all() -> None:
    parcel, _ = told(_unseen(), STEPS[3])

    assert observe(parcel, STEPS[1], LATER) == (parcel, None)


@pytest.mark.promise("R9")
def test_what_was_refreshed_before_the_last_look_does_not_undo_it() -> None:
    looked, _ = told(followed(), report(Status.DELIVERED, DELIVERED, PICKED_UP, refreshed=None))
    looked = replace(looked, looked_at=NOW + timedelta(hours=1))

    assert observe(looked, report(T, PICKED_UP, refreshed=0.5), LATER) == (looked, None)
    assert told(looked, report(T, DEPARTED, PICKED_UP, refreshed=2))[0].status is T  # the carrier changed its mind


@pytest.mark.promise("R9")
def test_of_two_lines_of_one_moment_an_older_report_does_not_take_the_newer_away() -> None:
    beside = replace(DELIVERED, local_time=PICKED_UP.local_time)
    looked, _ = told(followed(), report(Status.DELIVERED, beside, PICKED_UP))
    looked = replace(looked, looked_at=NOW + timedelta(hours=1))

    assert observe(looked, report(T, PICKED_UP, refreshed=0.5), LATER) == (looked, None)
    assert (
        told(looked, report(T, PICKED_UP, beside, refreshed=0.5))[0].newest == PICKED_UP
    )  # in another order: all there


def test_a_newest_line_that_the_carrier_takes_back_is_believed_to_be_wrong() -> None:
    parcel, _ = told(followed(), report(Status.DELIVERED, DELIVERED, PICKED_UP))

    after, events = told(parcel, report(T, PICKED_UP, refreshed=1))

    assert (after.status, after.newest, events) == (T, PICKED_UP, [(Event.REVERSED,)])


def test_a_look_that_finds_nothing_takes_nothing_away() -> None:
    parcel, _ = told(followed(), report(Status.DELIVERED, DELIVERED))

    after, events = told(parcel, report(Status.NOT_FOUND, refreshed=None))

    assert (after.status, after.newest, events) == (Status.DELIVERED, DELIVERED, [()])
