"""A person's mark stands beside the carrier's own status; its echo is no news."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import marked, observe, restored
from bot.domain.parcel import Mark, Parcel, Report
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


def _marked(parcel: Parcel, status: Status = Status.DELIVERED) -> Parcel:
    return marked(parcel, Mark(status=status, by="UADA", at=NOW), now=NOW).parcel


def _after_act(status: Status, *lines: object, **more: object) -> Report:
    return replace(report(status, *lines, **more), asked_at=LATER)  # type: ignore[arg-type]  # handed on as they came


def test_a_mark_is_shown_and_the_carriers_own_status_kept_beside_it() -> None:
    mark = Mark(status=Status.DELIVERED, by="UADA", at=NOW, note="lost", under_way=True)

    change = marked(followed(), mark, now=NOW)

    assert change.parcel.mark == replace(mark, under_way=False)
    assert (change.parcel.shown_status, change.parcel.status) == (Status.DELIVERED, T)
    assert (change.events, change.before, change.by, change.note) == ((Event.MARKED,), T, "UADA", "lost")
    assert change.parcel.revision == followed().revision + 1


@pytest.mark.parametrize("status", [one for one in Status if one not in {Status.DELIVERED, Status.EXCEPTION}])
def test_only_delivered_and_exception_can_be_set_by_hand(status: Status) -> None:
    with pytest.raises(ValueError, match="cannot be set by hand"):
        _marked(followed(), status)


def test_the_echo_of_our_own_mark_is_no_change() -> None:
    parcel = _marked(followed())

    after, change = observe(parcel, _after_act(Status.DELIVERED, PICKED_UP), LATER)

    assert change is None
    assert (after.status, after.shown_status, after.must_read) == (T, Status.DELIVERED, False)


@pytest.mark.parametrize(
    "before",
    [
        report(Status.PICKUP, line("1 08:00", "Sorted"), refreshed=-1, substatus="pickup001"),
        report(Status.EXCEPTION, line("1 08:00", "Held", Status.EXCEPTION), refreshed=-1, substatus="exception006"),
        report(Status.UNKNOWN, line("1 08:00", "Sorted"), refreshed=-1, word="Customs_Hold_2"),
        report(T, line("1 08:00", "No word", None), refreshed=-1),
        report(T, refreshed=-1),
    ],
)
def test_the_echo_is_no_change_whatever_the_last_line_says_of_itself(before: Report) -> None:
    parcel = _marked(followed(before))

    after, change = observe(parcel, replace(before, status=Status.DELIVERED, asked_at=LATER, updated_at=NOW), LATER)

    assert change is None
    assert (after.status, after.substatus, after.word) == (before.status, before.substatus, before.word)


def test_while_a_mark_stands_a_new_newest_line_speaks_for_the_carrier() -> None:
    parcel = _marked(followed())

    after, change = observe(parcel, _after_act(Status.DELIVERED, OUT, PICKED_UP), LATER)

    assert change
    assert (change.events, change.before) == ((Event.OUT,), Status.DELIVERED)
    assert (after.status, after.shown_status) == (Status.PICKUP, Status.DELIVERED)


def test_a_new_line_that_contradicts_the_mark_is_told() -> None:
    parcel = _marked(followed())

    _, events = told(parcel, _after_act(Status.DELIVERED, ATTEMPTED, PICKED_UP))

    assert events == [(Event.ATTEMPT,)]


def test_a_new_line_that_bears_the_mark_out_only_redraws_the_card() -> None:
    parcel = _marked(followed())

    after, change = observe(parcel, _after_act(Status.DELIVERED, DELIVERED, PICKED_UP), LATER)

    assert change
    assert (change.events, after.status) == ((), Status.DELIVERED)


def test_a_return_to_the_sender_is_told_although_somebody_had_marked_a_problem() -> None:
    parcel = _marked(followed(), Status.EXCEPTION)
    returning = line("2 12:00", "Return to sender", Status.EXCEPTION, substatus="exception011")

    assert told(parcel, _after_act(Status.EXCEPTION, returning, PICKED_UP))[1] == [(Event.RETURNED,)]


def test_a_line_without_a_status_leaves_the_last_one_seen() -> None:
    parcel = _marked(followed())

    after, _ = told(parcel, _after_act(Status.DELIVERED, line("2 09:00", "Something", None), PICKED_UP))

    assert after.status is T


@pytest.mark.promise("R9")
def test_a_page_asked_for_before_a_person_acted_changes_nothing() -> None:
    parcel = _marked(followed())
    page = replace(report(T, DEPARTED, PICKED_UP), asked_at=NOW - timedelta(seconds=1))

    assert observe(parcel, page, LATER) == (parcel, None)
    assert parcel.must_read  # so what the page said is not lost


def test_while_a_mark_is_on_its_way_its_echo_is_no_change_and_people_see_the_carriers_status() -> None:
    on_its_way = replace(followed(), mark=Mark(status=Status.DELIVERED, by="UADA", at=NOW, under_way=True))

    after, change = observe(on_its_way, _after_act(Status.DELIVERED, PICKED_UP), LATER)

    assert change is None
    assert (after.status, after.shown_status) == (T, T)


def test_a_sweep_before_and_a_sweep_after_the_press_end_alike() -> None:
    page = report(T, DEPARTED, PICKED_UP)

    before, _ = told(followed(), replace(page, asked_at=NOW - timedelta(seconds=1)))
    before, _ = told(_marked(before), _after_act(Status.DELIVERED, DEPARTED, PICKED_UP))
    after, _ = told(_marked(followed()), _after_act(Status.DELIVERED, DEPARTED, PICKED_UP))

    assert known_of(before) == known_of(after)


def test_restoring_shows_the_carriers_own_status_and_is_told() -> None:
    parcel, _ = told(_marked(followed()), _after_act(Status.DELIVERED, PICKED_UP))

    change = restored(parcel, by="UBEN", now=LATER)

    assert (change.parcel.mark, change.parcel.shown_status, change.parcel.must_read) == (None, T, True)
    assert (change.events, change.before, change.by) == ((Event.RESTORED,), Status.DELIVERED, "UBEN")
    assert change.parcel.revision == parcel.revision + 1


def test_a_page_asked_for_before_the_mark_was_taken_back_changes_nothing() -> None:
    parcel = restored(_marked(followed()), by="UADA", now=LATER).parcel
    page = replace(report(Status.DELIVERED, PICKED_UP), asked_at=LATER - timedelta(seconds=1))

    assert observe(parcel, page, LATER) == (parcel, None)


def test_a_report_that_does_not_say_when_it_was_asked_for_is_believed() -> None:
    parcel = restored(_marked(followed()), by="UADA", now=LATER).parcel

    assert told(parcel, report(Status.PICKUP, PICKED_UP, asked_at=None))[0].status is Status.PICKUP


def test_after_restoring_the_provider_speaks_for_the_carrier_again() -> None:
    parcel = restored(_marked(followed()), by="UADA", now=NOW).parcel

    same, events = told(parcel, _after_act(T, PICKED_UP))

    assert (same.status, events) == (T, [()])
    assert told(parcel, _after_act(Status.PICKUP, PICKED_UP))[1] == [(Event.OUT,)]


@pytest.mark.promise("R36")
def test_news_of_a_marked_parcel_do_not_wait_for_the_hour_of_the_mark_when_the_clock_was_set_back() -> None:
    parcel = _marked(followed())
    a_day_before = NOW - timedelta(days=1)
    asked_then = replace(report(Status.PICKUP, OUT, PICKED_UP, substatus="pickup001"), asked_at=a_day_before)

    after, change = observe(parcel, asked_then, a_day_before)

    assert change is not None
    assert not after.must_read
