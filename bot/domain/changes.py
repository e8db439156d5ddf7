"""What a new report changes, and which of it is worth telling. Pure: time and report come in, values go out."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.parcel import Checkpoint, Mark, Parcel, Report
from bot.domain.status import FINAL, MARKABLE, NOT_SEEN_YET, Event, Status, event_of

OLD_NEWS = timedelta(hours=48)
"""A line older than the newest by more than this was added afterwards: history, not news."""
STALLED_AFTER = timedelta(days=10)
UNMOVED_AFTER = timedelta(days=5)
MISSING_TWICE = 2
TAKEN_BACK = str(Event.REVERSED)
"""Stands among the stages told: a delivery taken back is heard once, though its new state was told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A difference between two reports.

    `events` says what it is, the present state first and missed troubles after it; empty when only the card is to
    be redrawn. `before` is the status people saw until now, `checkpoints` the lines not seen before, newest first.
    `note` is what a person noted, or for how many days a stalled parcel has been silent.
    """

    parcel: Parcel
    before: Status
    events: tuple[Event, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    by: str = ""
    note: str = ""


def observe(parcel: Parcel, report: Report, now: datetime) -> tuple[Parcel, Change | None]:
    """Return the parcel as reported, and the change, if any.

    A report that was asked for before a person acted, or is older than what we know, changes nothing.
    """
    if _is_outdated(parcel, report, now):
        return parcel, None
    fresh = new_checkpoints(parcel, report)
    status, substatus, word = _own_status(parcel, report, fresh)
    lost_history = bool(parcel.checkpoints) and not report.checkpoints
    seen = replace(
        parcel,
        status=status,
        substatus=substatus,
        word=word,
        checkpoints=parcel.checkpoints if lost_history else report.checkpoints,
        seen=parcel.seen | {line.id for line in report.checkpoints},
        origin=report.origin or parcel.origin,
        destination=report.destination or parcel.destination,
        updated_at=report.updated_at or parcel.updated_at,
        observed_at=now,
        moved_at=now if fresh or parcel.moved_at is None else parcel.moved_at,
        stall_told=parcel.stall_told and not fresh,
        must_read=parcel.mark is not None and parcel.mark.under_way,  # what became of it is still to be read
        missing=0,
    )
    before, after = stage(parcel.status, parcel.substatus, parcel.word), stage(status, substatus, word)
    went_on = _went_on(report, fresh)
    told = tuple(one for one in parcel.announced if not (went_on and one == TAKEN_BACK))
    named = TAKEN_BACK if _is_taken_back(parcel, status) else after
    events: tuple[Event, ...] = ()
    if before != after and (went_on or named not in told):
        events = _events(parcel, seen, fresh)
        told = (*told, *(one for one in dict.fromkeys((after, named)) if one not in told))
    elif fresh:
        events = _scan_events(seen, fresh)
    elif not parcel.stall_told and _is_silent(seen, report, now):
        events = (Event.UNMOVED if status in NOT_SEEN_YET else Event.STALLED,)
        seen = replace(seen, stall_told=True)
    if parcel.mark and event_of(status, substatus) is event_of(parcel.mark.status):
        events = ()  # the carrier now says what the person said
    visible = bool(events or fresh) or before != after or seen.checkpoints != parcel.checkpoints
    seen = replace(seen, announced=told, fingerprint=0 if _may_stall(seen, report, now) else report.fingerprint)
    if not visible:
        return seen, None
    seen = replace(seen, revision=parcel.revision + 1)
    silent = str(days_silent(seen, report, now)) if Event.STALLED in events else ""
    return seen, Change(parcel=seen, before=parcel.shown_status, events=events, checkpoints=fresh, note=silent)


def first_sight(parcel: Parcel, report: Report, now: datetime) -> Parcel:
    """Return the parcel with its first report as the baseline: what was known when following began is no news."""
    seen, _ = observe(parcel, report, now)
    known = (stage(seen.status, seen.substatus, seen.word),)
    return replace(seen, announced=known, stall_told=_is_silent(seen, report, now))


def marked(parcel: Parcel, mark: Mark, *, now: datetime) -> Change:
    """Return the change that a person's mark is, once the provider has taken it.

    Raises:
        ValueError: only DELIVERED and EXCEPTION can be set by hand.
    """
    if mark.status not in MARKABLE:
        raise ValueError(f"{mark.status} cannot be set by hand")
    mark = replace(mark, under_way=False, instead_of=None)
    after = replace(parcel, mark=mark, acted_at=now, must_read=True, revision=parcel.revision + 1)
    return Change(parcel=after, before=parcel.shown_status, events=(Event.MARKED,), by=mark.by, note=mark.note)


def restored(parcel: Parcel, *, by: str, now: datetime) -> Change:
    """Return the change that giving the carrier's own status back is."""
    after = replace(parcel, mark=None, acted_at=now, must_read=True, revision=parcel.revision + 1)
    return Change(parcel=after, before=parcel.shown_status, events=(Event.RESTORED,), by=by)


def not_known(parcel: Parcel, now: datetime) -> tuple[Parcel, Change | None]:
    """Return the parcel after the provider did not know it, and the change at the second time in a row."""
    missing = parcel.missing + 1
    # Once may be an accident: the next round asks again.
    after = replace(parcel, missing=missing, observed_at=now, must_read=missing < MISSING_TWICE)
    if after.missing != MISSING_TWICE:
        return after, None
    after = replace(after, revision=parcel.revision + 1)
    return after, Change(parcel=after, before=parcel.shown_status, events=(Event.GONE,))


def stage(status: Status, substatus: str, word: str = "") -> str:
    """Return what makes a status worth telling again: the status, its event and the kind of problem."""
    if status is Status.UNKNOWN:
        return f"unknown:{word}"
    finer = ""
    if status is Status.PICKUP:
        finer = str(event_of(status, substatus))
    elif status is Status.EXCEPTION and substatus not in {"", "exception005"}:
        finer = "returned" if event_of(status, substatus) is Event.RETURNED else substatus
    return f"{status}:{finer}" if finer else str(status)


def new_checkpoints(parcel: Parcel, report: Report) -> tuple[Checkpoint, ...]:
    """Return the lines that tell of something new, newest first.

    Carriers reword, re-date, reorder and drop old lines. New is what was never seen, is not much older than the
    newest line, and neither rewords a line of the same minute nor re-dates one that has vanished.
    """
    known = Counter(_slot(line) for line in parcel.checkpoints)
    now_there = Counter(_slot(line) for line in report.checkpoints)
    vanished = {_words(line) for line in parcel.checkpoints} - {
        _words(line) for line in report.checkpoints if line.id in parcel.seen
    }
    newest = parcel.newest.local_time if parcel.newest else None
    fresh = []
    for line in report.checkpoints:
        if line.id in parcel.seen or _words(line) in vanished:
            continue
        if newest and line.local_time and line.local_time < newest - OLD_NEWS:
            continue
        if now_there[_slot(line)] > known[_slot(line)]:
            fresh.append(line)
    return tuple(fresh)


def _slot(line: Checkpoint) -> tuple[str, str]:
    when = line.local_time.strftime("%Y-%m-%d %H:%M") if line.local_time else line.raw_time
    return line.carrier, when


def _words(line: Checkpoint) -> tuple[str, str, str]:
    return line.carrier, line.text.strip().casefold(), line.location.strip().casefold()


def _went_on(report: Report, fresh: tuple[Checkpoint, ...]) -> bool:
    """Return whether the journey went on: its newest line was not there before."""
    return bool(fresh) and fresh[0] == report.checkpoints[0]


def _is_outdated(parcel: Parcel, report: Report, now: datetime) -> bool:
    """Return whether we know better: by the time of asking, by the provider's time, else by the newest line."""
    # Who acted in the future acted before somebody set the clock back: that must not hold news back until then.
    if parcel.acted_at and report.asked_at and report.asked_at < parcel.acted_at <= now:
        return True
    if parcel.updated_at and report.updated_at and report.updated_at < parcel.updated_at:
        return True
    if report.updated_at and not (parcel.looked_at and report.updated_at < parcel.looked_at):
        return False
    newest, theirs = parcel.newest, report.checkpoints[0] if report.checkpoints else None
    if newest and theirs and newest.local_time and theirs.local_time:
        only_known = all(line.id in parcel.seen for line in report.checkpoints)
        shorter = theirs.local_time == newest.local_time and newest not in report.checkpoints
        return only_known and (shorter or theirs.local_time < newest.local_time)
    return False


def _own_status(parcel: Parcel, report: Report, fresh: tuple[Checkpoint, ...]) -> tuple[Status, str, str]:
    """Return the carrier's own status, substatus and word.

    While a mark stands the provider echoes it, so a new newest line speaks for the carrier, and until one comes the
    last status seen stays. A parcel that has moved does not become unseen again, since some carriers purge their
    history; a report that names no status takes none away, and one that does not name the finer word leaves it.
    """
    known = parcel.status, parcel.substatus, parcel.word
    if parcel.mark:
        newest = report.checkpoints[0] if _went_on(report, fresh) else None
        return (newest.status, newest.substatus, "") if newest and newest.status else known
    moved = bool(parcel.checkpoints) or parcel.status not in {*NOT_SEEN_YET, Status.UNKNOWN}
    if (report.status is Status.UNKNOWN and not report.word) or (moved and report.status in NOT_SEEN_YET):
        return known
    finer = report.substatus or (parcel.substatus if report.status is parcel.status else "")
    return report.status, finer, report.word


def _events(before: Parcel, after: Parcel, fresh: tuple[Checkpoint, ...]) -> tuple[Event, ...]:
    """Return the events of a change of stage: the new state, then troubles that came and went unseen."""
    event = event_of(after.status, after.substatus)
    if _is_taken_back(before, after.status):
        event = Event.REVERSED
    troubles = (event_of(line.status, line.substatus) for line in fresh if line.status)
    missed = [one for one in troubles if one in {Event.ATTEMPT, Event.RETURNED, Event.PROBLEM}]
    return tuple(dict.fromkeys([one for one in (event, *missed) if one]))


def _is_taken_back(before: Parcel, status: Status) -> bool:
    """Return whether the carrier takes back that it was delivered."""
    return before.status is Status.DELIVERED and status not in {Status.DELIVERED, Status.UNKNOWN}


def _scan_events(parcel: Parcel, fresh: tuple[Checkpoint, ...]) -> tuple[Event, ...]:
    """Return the events of new lines that leave the stage as it was."""
    if parcel.status is Status.UNDELIVERED and any(line.status is Status.UNDELIVERED for line in fresh):
        return (Event.ATTEMPT,)
    return (Event.CUSTOMS,) if any(line.is_customs for line in fresh) else (Event.MOVING,)


def _is_silent(parcel: Parcel, report: Report, now: datetime) -> bool:
    if _cannot_stall(parcel):
        return False
    if parcel.status in NOT_SEEN_YET:
        return now - parcel.added_at >= UNMOVED_AFTER
    return days_silent(parcel, report, now) >= STALLED_AFTER.days


def _cannot_stall(parcel: Parcel) -> bool:
    return parcel.shown_status in FINAL or parcel.status is Status.EXCEPTION


def _may_stall(parcel: Parcel, report: Report, now: datetime) -> bool:
    """Return whether the same report can be news by and by, so that it is to be read again each time."""
    if parcel.stall_told or _cannot_stall(parcel):
        return False
    by_our_clock = parcel.status in NOT_SEEN_YET or report.days_silent is None
    return by_our_clock or _is_silent(parcel, report, now)


def days_silent(parcel: Parcel, report: Report | None, now: datetime) -> int:
    """Return the days since the carrier last spoke: the provider's count, else since we saw the newest line."""
    if report and report.days_silent is not None:
        return report.days_silent
    return (now - (parcel.moved_at or parcel.added_at).astimezone(UTC)).days
