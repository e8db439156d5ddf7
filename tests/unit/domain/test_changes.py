"""What a report changes, and which of it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import first_sight, not_known, observe
from bot.domain.parcel import Checkpoint
from bot.domain.status import Event, Status
from tests.unit.domain.journeys import (
    ATTEMPTED,
    DELIVERED,
    DEPARTED,
    NOW,
    OUT,
    PICKED_UP,
    followed,
    line,
    new_parcel,
    report,
    told,
)

T = Status.IN_TRANSIT
LATER = NOW + timedelta(minutes=5)

# ── first sight ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R11")
def test_what_was_known_when_following_began_is_no_news() -> None:
    first = report(Status.DELIVERED, DELIVERED, OUT, DEPARTED, PICKED_UP)

    parcel = first_sight(new_parcel(), first, NOW)

    assert (parcel.status, parcel.newest) == (Status.DELIVERED, DELIVERED)
    assert observe(parcel, replace(first, updated_at=LATER), LATER)[1] is None


@pytest.mark.promise("R11")
def test_a_parcel_that_lay_still_before_anybody_followed_it_is_not_told_as_stalled() -> None:
    first = report(T, PICKED_UP, days_silent=40)
    parcel = first_sight(new_parcel(), first, NOW)

    _, events = told(parcel, replace(first, days_silent=41), at=NOW + timedelta(days=1))

    assert events == [()]


# ── forward changes ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "substatus", "event"),
    [
        (T, "", Event.MOVING),
        (T, "transit005", Event.CUSTOMS),
        (Status.PICKUP, "pickup001", Event.OUT),
        (Status.PICKUP, "pickup002", Event.COLLECT),
        (Status.UNDELIVERED, "", Event.ATTEMPT),
        (Status.DELIVERED, "", Event.DELIVERED),
        (Status.EXPIRED, "", Event.PROBLEM),
        (Status.EXCEPTION, "exception005", Event.PROBLEM),
        (Status.EXCEPTION, "exception010", Event.RETURNED),
        (Status.EXCEPTION, "exception011", Event.RETURNED),
    ],
)
def test_reaching_a_status_is_the_event_that_its_substatus_chooses(
    status: Status, substatus: str, event: Event
) -> None:
    parcel = followed(report(Status.PENDING, refreshed=-1))

    after, change = observe(parcel, report(status, substatus=substatus), NOW)

    assert change
    assert (change.before, change.events, change.parcel) == (Status.PENDING, (event,), after)
    assert after.revision == parcel.revision + 1


def test_delivered_is_told_whatever_came_before() -> None:
    parcel = followed(report(Status.PENDING, refreshed=-1))

    assert told(parcel, report(Status.DELIVERED, DELIVERED))[1] == [(Event.DELIVERED,)]


def test_delivered_is_told_even_without_a_single_line() -> None:
    parcel, events = told(followed(), report(Status.DELIVERED))

    assert events == [(Event.DELIVERED,)]
    assert parcel.checkpoints == (PICKED_UP,)  # what we have seen stays


def test_a_problem_of_another_kind_is_told_again() -> None:
    customs = report(Status.EXCEPTION, PICKED_UP, substatus="exception006")
    lost = report(Status.EXCEPTION, PICKED_UP, substatus="exception007", refreshed=1)

    assert told(followed(), customs, lost)[1] == [(Event.PROBLEM,), (Event.PROBLEM,)]


def test_the_parcels_own_status_decides_and_the_lines_only_show() -> None:
    sent_out = line("2 07:10", "Item sent out")

    _, events = told(followed(), *[report(Status.PICKUP, OUT, sent_out, PICKED_UP, substatus="pickup001")] * 2)

    assert events == [(Event.OUT,), ()]


def test_a_second_failed_attempt_is_told_too() -> None:
    again = line("3 11:00", "Nobody at home, second attempt", Status.UNDELIVERED)
    first = report(Status.UNDELIVERED, ATTEMPTED, PICKED_UP)

    _, events = told(followed(), first, report(Status.UNDELIVERED, again, ATTEMPTED, PICKED_UP, refreshed=3))

    assert events == [(Event.ATTEMPT,), (Event.ATTEMPT,)]


def test_an_attempt_that_failed_unseen_is_told_with_what_came_of_it() -> None:
    _, events = told(followed(), report(Status.DELIVERED, DELIVERED, ATTEMPTED, OUT, PICKED_UP))

    assert events == [(Event.DELIVERED, Event.ATTEMPT)]


def test_a_scan_on_the_way_is_an_event_of_its_own_for_those_who_want_all() -> None:
    parcel, change = observe(followed(), report(T, DEPARTED, PICKED_UP), NOW)

    assert change
    assert (change.events, change.checkpoints, change.before) == ((Event.MOVING,), (DEPARTED,), T)
    assert parcel.revision == followed().revision + 1


def test_ready_to_collect_is_told_after_out_for_delivery() -> None:
    out = report(Status.PICKUP, OUT, PICKED_UP, substatus="pickup001")

    assert told(followed(), out, replace(out, substatus="pickup002"))[1] == [(Event.OUT,), (Event.COLLECT,)]


@pytest.mark.parametrize(("first", "second"), [("", "exception005"), ("exception010", "exception011")])
def test_a_problem_that_only_gets_another_word_is_not_told_again(first: str, second: str) -> None:
    problem = report(Status.EXCEPTION, PICKED_UP, substatus=first)

    assert told(followed(), problem, replace(problem, substatus=second))[1][1] == ()


@pytest.mark.parametrize(
    ("status", "scan"),
    [
        (Status.UNDELIVERED, line("2 18:00", "Back at the depot")),
        (T, line("2 18:00", "Nobody at home", Status.UNDELIVERED)),
    ],
)
def test_only_an_attempt_of_a_parcel_that_could_not_be_delivered_is_another_attempt(
    status: Status, scan: Checkpoint
) -> None:
    parcel = followed(report(status, PICKED_UP, refreshed=-1))

    assert told(parcel, report(status, scan, PICKED_UP))[1] == [(Event.MOVING,)]


def test_a_line_whose_time_cannot_be_read_is_news_once() -> None:
    odd = replace(DEPARTED, local_time=None, raw_time="last night")
    moving = report(T, odd, PICKED_UP)

    assert told(followed(), moving, moving, replace(moving, updated_at=None))[1] == [(Event.MOVING,), (), ()]


def test_a_change_notes_nothing_but_what_people_noted_or_how_long_it_was_silent() -> None:
    _, change = observe(followed(), report(Status.DELIVERED, DELIVERED, days_silent=3), NOW)

    assert change
    assert change.note == change.by == ""


def test_where_it_comes_from_and_goes_to_is_kept_once_known() -> None:
    parcel, _ = told(followed(), replace(report(T, PICKED_UP), origin="China", destination="Germany"))

    assert (parcel.origin, parcel.destination) == ("China", "Germany")
    again, _ = told(parcel, report(T, PICKED_UP))
    assert (again.origin, again.destination) == ("China", "Germany")


def test_a_scan_by_customs_is_told_as_one() -> None:
    cleared = line("2 01:00", "Cleared", substatus="transit005")

    assert told(followed(), report(T, cleared, PICKED_UP))[1] == [(Event.CUSTOMS,)]


@pytest.mark.promise("R12")
def test_all_that_was_missed_is_one_change() -> None:
    after, change = observe(followed(), report(Status.DELIVERED, DELIVERED, OUT, DEPARTED, PICKED_UP), NOW)

    assert change
    assert change.checkpoints == (DELIVERED, OUT, DEPARTED)
    assert after.revision == followed().revision + 1


def test_a_word_nobody_planned_for_is_kept_and_harms_nothing() -> None:
    parcel, events = told(followed(), report(Status.UNKNOWN, PICKED_UP, word="Customs_Hold_2"))

    assert (parcel.status, parcel.word, events) == (Status.UNKNOWN, "Customs_Hold_2", [()])
    assert told(parcel, report(T, PICKED_UP, refreshed=1))[0].status is T
    _, other = observe(parcel, report(Status.UNKNOWN, PICKED_UP, word="Customs_Hold_3"), NOW)
    assert other  # the card shows the word


def test_a_report_that_names_no_status_takes_none_away() -> None:
    parcel, events = told(followed(), report(Status.UNKNOWN, PICKED_UP))

    assert (parcel.status, events) == (T, [()])


def test_a_word_nobody_planned_for_does_not_undo_a_delivery() -> None:
    delivered, _ = told(followed(), report(Status.DELIVERED, DELIVERED))

    assert told(delivered, report(Status.UNKNOWN, DELIVERED, word="Closed", refreshed=1))[1] == [()]


# ── silence ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_days_of_silence_are_told_once_with_their_number() -> None:
    still = report(T, PICKED_UP, days_silent=10)

    parcel, change = observe(followed(), still, NOW)
    _, more = told(parcel, replace(still, days_silent=11), at=NOW + timedelta(days=1))

    assert change
    assert (change.events, change.note) == ((Event.STALLED,), "10")
    assert more == [()]


def test_silence_is_told_again_when_the_parcel_has_moved_between() -> None:
    still = report(T, PICKED_UP, days_silent=10)
    moved, again = report(T, DEPARTED, PICKED_UP, days_silent=0), report(T, DEPARTED, PICKED_UP, days_silent=10)

    assert told(followed(), still, moved, again)[1] == [(Event.STALLED,), (Event.MOVING,), (Event.STALLED,)]


def test_silence_is_counted_from_the_last_line_we_saw_when_the_provider_does_not_count() -> None:
    parcel, still = followed(), report(T, PICKED_UP)

    assert told(parcel, still, at=NOW + timedelta(days=9, hours=23))[1] == [()]
    assert told(parcel, still, at=NOW + timedelta(days=10))[1] == [(Event.STALLED,)]


def test_a_line_starts_the_count_of_silence_anew() -> None:
    parcel, still = followed(), report(T, DEPARTED, PICKED_UP)
    parcel, _ = told(parcel, still, at=NOW + timedelta(days=5))

    assert told(parcel, still, at=NOW + timedelta(days=14))[1] == [()]
    assert told(parcel, still, at=NOW + timedelta(days=15))[1] == [(Event.STALLED,)]


def test_a_parcel_that_no_carrier_has_seen_for_five_days_is_told_once() -> None:
    parcel, waiting = followed(report(Status.PENDING, refreshed=-1)), report(Status.NOT_FOUND)

    assert told(parcel, waiting, at=NOW + timedelta(days=4))[1] == [()]
    assert told(parcel, waiting, waiting, at=NOW + timedelta(days=5))[1] == [(), (Event.UNMOVED,)]


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.EXPIRED, Status.EXCEPTION])
def test_a_parcel_that_is_done_or_known_to_be_in_trouble_does_not_stall(status: Status) -> None:
    parcel = followed(report(status, PICKED_UP, refreshed=-1))

    assert told(parcel, report(status, PICKED_UP, days_silent=30))[1] == [()]


# ── gone ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_parcel_the_provider_does_not_know_twice_in_a_row_is_told_once() -> None:
    once, first = not_known(followed(), NOW)
    twice, second = not_known(once, NOW)
    _, third = not_known(twice, NOW)

    assert (first, third) == (None, None)
    assert (once.must_read, twice.must_read) == (True, False)  # once may be an accident
    assert second
    assert (second.events, second.parcel.status) == ((Event.GONE,), T)
    assert second.parcel.revision == once.revision + 1


def test_a_report_in_between_starts_the_count_anew() -> None:
    once, _ = not_known(followed(), NOW)
    seen, _ = told(once, report(T, PICKED_UP))

    assert not_known(seen, NOW)[1] is None


def test_a_report_without_the_finer_word_takes_none_away_and_is_no_news() -> None:
    to_collect = followed(report(Status.PICKUP, OUT, substatus="pickup002"))

    after, change = observe(to_collect, report(Status.PICKUP, OUT), LATER)

    assert after.substatus == "pickup002"
    assert change is None
