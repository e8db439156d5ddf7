"""Parcels, lines and reports as short words, for tests of the rules and of what uses them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.changes import first_sight, observe
from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Report, merge
from bot.domain.status import Event, Status

KEY = ParcelKey("ups", "1ZX000010300000016")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def line(
    when: str,
    text: str,
    status: Status | None = Status.IN_TRANSIT,
    *,
    location: str = "",
    substatus: str = "",
    carrier: str = "ups",
) -> Checkpoint:
    """Return a line of March 2026: `2 09:00` is nine o'clock on the second, local time."""
    day, _, clock = when.partition(" ")
    hour, minute = clock.split(":")
    local_time = datetime(2026, 3, int(day), int(hour), int(minute))  # noqa: DTZ001 - carriers give no zone
    return Checkpoint(
        carrier=carrier, local_time=local_time, text=text, status=status, location=location, substatus=substatus
    )


PICKED_UP = line("1 07:00", "Picked up", location="Reno")
DEPARTED = line("1 22:00", "Departed hub", location="Elko")
OUT = line("2 07:10", "Out for delivery", Status.PICKUP, location="Provo", substatus="pickup001")
ATTEMPTED = line("2 11:00", "Nobody at home", Status.UNDELIVERED, location="Provo")
DELIVERED = line("2 15:00", "Delivered", Status.DELIVERED, location="Provo")


def report(
    status: Status,
    *lines: Checkpoint,
    refreshed: float | None = 0,
    substatus: str = "",
    word: str = "",
    asked_at: datetime | None = NOW,
    days_silent: int | None = None,
) -> Report:
    """Return a report that the provider refreshed so many hours after NOW; None when it does not say when."""
    return Report(
        key=KEY,
        status=status,
        substatus=substatus,
        word=word,
        checkpoints=merge(lines),
        updated_at=None if refreshed is None else NOW + timedelta(hours=refreshed),
        asked_at=asked_at,
        days_silent=days_silent,
    )


def new_parcel(added_at: datetime = NOW) -> Parcel:
    """Return a parcel of which nothing is known yet."""
    return Parcel(workspace="T", key=KEY, serial=1, added_at=added_at)


def followed(first: Report | None = None) -> Parcel:
    """Return a parcel after its first sight; by default one on its way, with one line."""
    return first_sight(new_parcel(), first or report(Status.IN_TRANSIT, PICKED_UP, refreshed=-1), NOW)


def told(parcel: Parcel, *reports: Report, at: datetime = NOW) -> tuple[Parcel, list[tuple[Event, ...]]]:
    """Return the parcel after the reports, and the events of each, () when nothing was to be told."""
    events = []
    for one in reports:
        parcel, change = observe(parcel, one, at)
        events.append(change.events if change else ())
    return parcel, events


def known_of(parcel: Parcel) -> Parcel:
    """Return what is known of the parcel, without how we came to know it."""
    return replace(
        parcel, revision=0, announced=(), seen=frozenset(), observed_at=None, moved_at=None, stall_told=False
    )
