"""News of a parcel, told in the thread of its card: what happened, to which parcel, in whose words."""

from collections.abc import Sequence

from bot.domain.parcel import Checkpoint, Parcel, Subscription
from bot.domain.records import Notification
from bot.domain.status import BY_PEOPLE, NOT_SEEN_YET, Event, Status, event_of
from bot.slack.blocks import context, escape, person, section
from bot.slack.exchange import Message
from bot.slack.messages.words import carrier_name, carriers_own, label, scan, status_words

CONCERNS_THE_PERSON = frozenset({Event.OUT, Event.COLLECT, Event.DELIVERED})
NAMES_WHO_ADDED = frozenset({Event.DELIVERED, Event.PROBLEM, Event.RETURNED, Event.REVERSED, Event.GONE})
SCANS = frozenset({Event.MOVING, Event.CUSTOMS})
LISTED = 3
"""Missed lines that are told in full; of the rest only the number."""


def news(rows: Sequence[Notification], parcel: Parcel, subscription: Subscription) -> Message:
    """Tell what the rows say as one message: the newest in full, the earlier ones in short."""
    ordered = sorted((row for row in rows if row.event), key=lambda row: row.revision, reverse=True)
    row, earlier = ordered[0], ordered[1:]
    quoted = spoken_of(row)
    what = what_happened(row, parcel)
    line = f"*{label(subscription)}*: {what} · {_whose(row, parcel, subscription)}"
    more = [f"> {scan(quoted, parcel, said=what)}" if quoted else "", _also(row, parcel, subscription)]
    if any(one.again for one in ordered):
        more.append("_Slack never said whether this was told before._")
    if row.event is Event.DELIVERED and not quoted:
        more.append("> The carrier gives no details.")
    before = _before(row, earlier, parcel, told=quoted)
    lines = [line, *filter(None, more)]
    return Message(
        text=" · ".join(part.removeprefix("> ") for part in (*lines, before) if part).replace("*", ""),
        blocks=[section("\n".join(lines)), *([context(before)] if before else [])],
    )


def what_happened(row: Notification, parcel: Parcel) -> str:
    """Return what happened, in a few words."""
    by, now = person(row.by), carriers_own(parcel)
    days = f"{row.note} days" if row.note.isdigit() else "many days"
    told = {
        Event.ADDED: f"📦 Followed here now: {now}",
        Event.STALLED: f"🐌 No movement for {days}",
        Event.UNMOVED: "🐌 Still no scan, five days after it was added. Is the number right?",
        Event.MARKED: f"{by} marked it *{'delivered' if row.status is Status.DELIVERED else 'exception'}*",
        Event.RESTORED: f"{by} returned it to the carrier's status: {now}",
        Event.ARCHIVED: f"{by} archived it in this channel. No more is told of it; *Unarchive* brings it back",
        Event.UNARCHIVED: f"{by} took it out of the archive",
        Event.DELETED: f"{by} deleted it for everybody",
        Event.GONE: "⚠️ The tracking service no longer has it. What it said is kept: *Add again* or *Archive*",
    }
    return told.get(row.event or Event.MOVING) or _carrier_said(row)


def _carrier_said(row: Notification) -> str:
    """Return the carrier's event; when it came and went unseen, with what it is now."""
    present = status_words(row.status, row.substatus, newest=row.checkpoints[0] if row.checkpoints else None)
    match row.event:
        case Event.MOVING if row.status is Status.IN_TRANSIT and row.before in NOT_SEEN_YET:
            return f"First scan: {present}"
        case Event.MOVING if row.status is not Status.IN_TRANSIT or row.before is Status.IN_TRANSIT:
            return "📍 New scan"
        case Event.CUSTOMS:
            return "🛃 Customs"
        case Event.REVERSED:
            return f"↩️ No longer delivered. The carrier now says: {present}"
    spoken = spoken_of(row)
    if row.event is event_of(row.status, row.substatus) or spoken is None or spoken.status is None:
        return present
    return f"{status_words(spoken.status, spoken.substatus, newest=spoken)}. Now: {present}"


def _whose(row: Notification, parcel: Parcel, subscription: Subscription) -> str:
    number = f" `{escape(parcel.key.number, 64)}`" if subscription.title else ""
    added = f" · added by {person(subscription.added_by)}" if row.event in NAMES_WHO_ADDED else ""
    return f"{carrier_name(parcel.key.carrier)}{number}{added}"


def _also(row: Notification, parcel: Parcel, subscription: Subscription) -> str:
    """Return whom it concerns, or what stands beside a mark."""
    if row.event in CONCERNS_THE_PERSON and subscription.person:
        return f"For {person(subscription.person)}"
    if row.event is not Event.MARKED:
        return ""
    note = f"“{escape(row.note)}” · " if row.note else ""
    carrier = carrier_name(parcel.key.carrier)
    if parcel.status is row.status:
        return f"{note}{carrier} says the same: {carriers_own(parcel)}"
    return f"{note}{carrier} still says: {carriers_own(parcel)}. I will tell you if {carrier} changes its mind."


def spoken_of(row: Notification) -> Checkpoint | None:
    """Return the line in which the carrier told of the row's event, else its newest line."""
    if row.event in BY_PEOPLE:
        return None
    lines = row.checkpoints
    fits = (one for one in lines if one.status and event_of(one.status, one.substatus) is row.event)
    return next(fits, lines[0] if lines else None)


def in_short(line: Checkpoint) -> str:
    """Return what the carrier said, and where."""
    return ", ".join(filter(None, (escape(line.text) or "No description", escape(line.location, 100))))


def _before(row: Notification, earlier: Sequence[Notification], parcel: Parcel, *, told: Checkpoint | None) -> str:
    """Return what else there is to tell, on one line: earlier rows and the lines that nobody was told of."""
    parts = others(row, earlier, parcel, told=told)
    if not parts:
        return ""
    rest = f"; and {len(parts) - LISTED} more" if len(parts) > LISTED else ""
    is_newest = told is None or told == row.checkpoints[0]
    return f"{'Before that' if is_newest else 'Also'}: {'; '.join(parts[:LISTED])}{rest}"


def others(row: Notification, earlier: Sequence[Notification], parcel: Parcel, *, told: Checkpoint | None) -> list[str]:
    """Return in short what there is to tell beside the row's own event."""
    acts = [what_happened(one, parcel) for one in earlier if one.event not in SCANS]
    covered = [told, *(spoken_of(one) for one in earlier if one.event not in SCANS)]
    lines = {line.id: line for one in (row, *earlier) for line in one.checkpoints}
    return [*acts, *(in_short(line) for line in lines.values() if line not in covered)]
