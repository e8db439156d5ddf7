"""Marks of which nobody knows whether the provider took them: the answer was lost, or we died while asking."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.changes import Change, marked
from bot.domain.parcel import Parcel, Report

SETTLE_AFTER = timedelta(minutes=2)
"""A request that is older than this can no longer arrive at the provider."""


def both(change: Change) -> tuple[Parcel, Change]:
    """Return a change with the parcel it makes, as rules do."""
    return change.parcel, change


def is_to_be_settled(parcel: Parcel, now: datetime) -> bool:
    """Return whether a mark is under way for longer than its request can be; a step of the clock makes it so too."""
    mark = parcel.mark
    return mark is not None and mark.under_way and abs(now - mark.at) >= SETTLE_AFTER


def settled(parcel: Parcel, report: Report, now: datetime) -> tuple[Parcel, Change | None]:
    """Return the parcel with its mark standing and told as the person's, or with the mark before it: as was read."""
    mark = parcel.mark
    if mark is None or not mark.under_way:
        return parcel, None
    if report.status is mark.status:
        return both(marked(parcel, mark, now=now))
    return replace(parcel, mark=mark.instead_of, must_read=True), None
