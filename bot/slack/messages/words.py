"""What statuses, carriers and times are called. A state is a word beside a symbol, never a colour alone."""

from collections.abc import Sequence
from datetime import timedelta

from bot.domain import carriers
from bot.domain.changes import MISSING_TWICE
from bot.domain.parcel import Checkpoint, Mark, Parcel, Place, Subscription
from bot.domain.status import Status
from bot.slack.blocks import escape, person

STATUS_WORDS = {
    Status.PENDING: "🕓 Not looked at yet",
    Status.NOT_FOUND: "🕓 Waiting for the first scan",
    Status.IN_TRANSIT: "🚚 In transit",
    Status.PICKUP: "🛵 Out for delivery or ready to collect",
    Status.DELIVERED: "✅ Delivered",
    Status.EXPIRED: "⌛ Expired: no end within the provider's time",
    Status.UNDELIVERED: "🚪 Delivery attempt failed",
    Status.EXCEPTION: "⚠️ Problem",
    Status.UNKNOWN: "❔ Unknown",
}
FINER_WORDS = {
    "notfound001": "🏷️ Label created",
    "pickup001": "🛵 Out for delivery",
    "pickup002": "📬 Ready to collect",
    "delivered002": "✅ Delivered: collected",
    "delivered004": "✅ Delivered: left in a safe place or with a neighbour",
    "exception004": "⚠️ Problem: unclaimed",
    "exception006": "⚠️ Problem: held by customs",
    "exception007": "⚠️ Problem: damaged or lost",
    "exception008": "⚠️ Problem: cancelled",
    "exception009": "⚠️ Problem: refused",
    "exception010": "↩️ Problem: returning to sender",
    "exception011": "↩️ Problem: returning to sender",
}
"""The provider's substatus chooses these words, and nothing else."""


def status_words(status: Status, substatus: str = "", *, word: str = "", newest: Checkpoint | None = None) -> str:
    """Return symbol and words of a status; a problem of no known kind is told in the carrier's own words."""
    if status is Status.UNKNOWN:
        return f"❔ {escape(word, 60) or 'Unknown'}"
    if substatus in FINER_WORDS and substatus.startswith(status):
        return FINER_WORDS[substatus]
    if status is Status.EXCEPTION:
        reason = escape(newest.text, 120) if newest else ""
        return f"{STATUS_WORDS[status]}: {reason or 'the carrier gives no reason'}"
    return STATUS_WORDS[status]


def carriers_own(parcel: Parcel) -> str:
    """Return the carrier's own status in words, whatever people marked."""
    return status_words(parcel.status, parcel.substatus, word=parcel.word, newest=parcel.newest)


def state(parcel: Parcel) -> str:
    """Return where a parcel stands, in words: the mark while one stands, else the carrier's own status."""
    return marked(parcel.mark) if parcel.mark else carriers_own(parcel)


def marked(mark: Mark) -> str:
    """Return a mark in words, with who set it."""
    return f"{'✅ Marked delivered' if mark.status is Status.DELIVERED else '⚠️ Marked exception'} by {person(mark.by)}"


def is_gone(parcel: Parcel) -> bool:
    """Return whether the provider no longer has the parcel."""
    return parcel.missing >= MISSING_TWICE


def carrier_name(code: str) -> str:
    """Return what people call the carrier."""
    known = carriers.carrier(code)
    return escape(known.name if known else code, 60)


def label(subscription: Subscription) -> str:
    """Return what people call the parcel, safe for Slack."""
    return escape(subscription.title, 150) or f"`{escape(subscription.key.number, 64)}`"


def details(parcel: Parcel, subscription: Subscription) -> str:
    """Return what stands beside the label: carrier, number unless it is the label, order, person, short id."""
    facts = (
        carrier_name(parcel.key.carrier) + (f" `{escape(parcel.key.number, 64)}`" if subscription.title else ""),
        subscription.order and f"order {escape(subscription.order, 60)}",
        subscription.person and f"for {person(subscription.person)}",
        parcel.short_id,
    )
    return " · ".join(filter(None, facts))


def local_time(line: Checkpoint, parcel: Parcel) -> str:
    """Return the carrier's time as given: it has no zone, so it is never converted nor compared to a clock.

    The year stands there only when it is not the one in which we read the parcel.
    """
    if line.local_time is None:
        return escape(line.raw_time, 40) or "no time given"
    this_year = parcel.observed_at is not None and parcel.observed_at.year == line.local_time.year
    return f"{line.local_time:%d %b %H:%M}" if this_year else f"{line.local_time:%d %b %Y %H:%M}"


def scan(line: Checkpoint, parcel: Parcel, *, said: str = "") -> str:
    """Return a checkpoint on one line: words, place, local time; without the words when `said` ends with them."""
    words = escape(line.text, 120)
    words = "" if words and said.endswith(words) else escape(line.text) or "No description"
    return " · ".join(filter(None, (words, escape(line.location, 100), f"{local_time(line, parcel)} local")))


def channel(place: Place) -> str:
    """Return a channel as everybody may see it: only ids of channels that may be public are shown.

    Slack itself hides the name of a private one from those who are not in it.
    """
    return f"<#{place.channel}>" if place.channel.startswith("C") and place.channel.isalnum() else "another channel"


def duration(span: timedelta) -> str:
    """Return a span of time in words, rounded down: "1 h 35 min"."""
    minutes = max(1, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def since(span: timedelta) -> str:
    """Return how long ago something was: "just now", "1 h 35 min ago"."""
    return "just now" if span < timedelta(minutes=1) else f"{duration(span)} ago"


def listed(words: Sequence[str]) -> str:
    """Return words as people list them: "one, two and three"."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def count(number: int, word: str) -> str:
    """Return a number with its word: "1 parcel", "2 parcels"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
