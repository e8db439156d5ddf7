"""What the service's answers about parcels hold, and what we make of it: its own words stay in here.

Names, mails and phones of customers are never read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import AnswerNotUnderstood, ProviderError, ProviderRefused
from bot.domain.parcel import Checkpoint, ParcelKey, Report, merge
from bot.domain.status import Status
from bot.providers.trackingmore.codes import GOOD, NOTHING_THERE, error_of
from bot.providers.trackingmore.reader import Reader, rows

_BY_NUMBER = (
    *(Status.PENDING, Status.NOT_FOUND, Status.IN_TRANSIT, Status.PICKUP),
    *(Status.DELIVERED, Status.EXPIRED, Status.UNDELIVERED, Status.EXCEPTION),
)
_NOT_MENTIONED = "The tracking service says nothing of this parcel, so it was probably not added; try it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of many parcels: those done, and why not of the others."""

    done: tuple[ParcelKey, ...] = ()
    refused: Mapping[ParcelKey, ProviderError]


def read_report(tracking: Reader, asked_at: datetime, fingerprint: int = 0) -> Report:
    """Read one parcel, wherever it comes from; the legs are merged into one journey, newest first.

    What more is read here belongs into `listing`'s fingerprint, too.
    """
    key = read_key(tracking)
    status, word = read_status(tracking, "status")
    lines = merge(
        _checkpoint(line, carrier)
        for leg in (tracking.inside("origin_info"), tracking.inside("destination_info"))
        for carrier in [leg.text_or("carrier_code", key.carrier).lower()]
        for line in leg.items("trackinfo")
    )
    # A real-time answer names no substatus of its own: its newest line does.
    spoken = lines[0].substatus if lines and lines[0].substatus.startswith(status) else ""
    return Report(
        key=key,
        status=status,
        word=word if status is Status.UNKNOWN else "",
        substatus=_substatus(tracking) or spoken,
        checkpoints=lines,
        updated_at=tracking.moment("updated_at"),
        asked_at=asked_at,
        days_silent=tracking.whole_or("stayTimeLength", None),
        archived=tracking.flag("archived"),
        origin=tracking.text_or("original_country"),
        destination=tracking.text_or("destination_country"),
        fingerprint=fingerprint,
    )


def read_key(entry: Reader) -> ParcelKey:
    """Read which parcel is spoken of."""
    return ParcelKey(carrier=entry.text("carrier_code").lower(), number=read_number(entry))


def read_number(entry: Reader) -> str:
    """Read a tracking number, written as we write them."""
    return "".join(entry.text("tracking_number").split()).upper()


def read_status(entry: Reader, name: str) -> tuple[Status, str]:
    """Read a status, with the word for it: UNKNOWN for a word not met before, which costs a detail and no outage."""
    word = entry.text_or(name)
    folded = "".join(word.split()).casefold()
    if folded.isdecimal() and int(folded) < len(_BY_NUMBER):
        return _BY_NUMBER[int(folded)], word
    try:
        return Status(folded), word
    except ValueError:
        return Status.UNKNOWN, word


def read_one(data: object, where: str, key: ParcelKey, asked_at: datetime) -> Report:
    """Read the one parcel that was asked for, be it alone, in a list or in `items`.

    Raises:
        Missing: there is none.
        AnswerNotUnderstood: it is another one.
    """
    entries = entries_of(data, where)
    if not entries:
        raise error_of(NOTHING_THERE)
    report = read_report(Reader(*entries[0]), asked_at)
    if _bare(report.key.number) != _bare(key.number):
        raise AnswerNotUnderstood(f"{entries[0][1]}.tracking_number", "another parcel than the one asked for")
    return replace(report, key=key)


def read_outcome(data: object, where: str, asked: Sequence[ParcelKey], *, must_be_named: bool = False) -> Outcome:
    """Read what became of the parcels in a call for many; they are matched by number, never by position.

    Success is read from absence among the errors. With `must_be_named` (a creation) a parcel that is nowhere in the
    answer has failed too, unless the answer names none at all.
    """
    if not isinstance(data, dict):
        data = {"trackings": data}  # an old form: the list alone
    answer = Reader(data, where)
    refused: dict[ParcelKey, ProviderError] = {}
    named: set[ParcelKey] = set()
    for entry in (*answer.items("trackings"), *answer.items("errors")):
        facts = entry.inside("meta") if entry.get("meta") else entry
        number = _bare(facts.text_or("tracking_number"))
        carrier = facts.text_or("carrier_code").lower()
        alike = [key for key in asked if _bare(key.number) == number]
        found = [key for key in alike if key.carrier == carrier] or alike[:1]
        named.update(found)
        code = facts.whole_or("code", 200 if entry.path.startswith(f"{where}.trackings") else 0)
        if code not in GOOD:
            refused |= dict.fromkeys(found, error_of(code))
    if must_be_named and named:
        lost = [key for key in asked if key not in named]
        refused |= dict.fromkeys(lost, ProviderRefused(_NOT_MENTIONED))
    return Outcome(done=tuple(key for key in asked if key not in refused), refused=refused)


def read_counts(data: Reader) -> Mapping[Status, int]:
    """Read how many parcels there are by status; a status without parcels may be missing."""
    return {status: data.whole_or(status.value, 0) for status in Status if status is not Status.UNKNOWN}


def entries_of(data: object, where: str) -> list[tuple[object, str]]:
    """Return the parcels in an answer: in `items`, in a list, or one alone."""
    if isinstance(data, dict) and "items" in data:
        return rows(data["items"], f"{where}.items")
    if isinstance(data, dict) and "tracking_number" in data:
        return [(data, where)]
    return rows(None if isinstance(data, dict) else data, where)


def _checkpoint(line: Reader, carrier: str) -> Checkpoint:
    local_time, raw_time = line.wall_clock("Date")
    status, _ = read_status(line, "checkpoint_status")
    return Checkpoint(
        carrier=carrier,
        local_time=local_time,
        raw_time=raw_time,
        text=line.text_or("StatusDescription"),
        location=line.text_or("Details"),
        status=None if status is Status.UNKNOWN else status,
        substatus=_substatus(line),
        milestone=line.text_or("ItemNode"),
    )


def _substatus(entry: Reader) -> str:
    """Read the finer word, which is printed with a blank in places."""
    return "".join(entry.text_or("substatus").split()).casefold()


def _bare(number: str) -> str:
    return number.upper().replace("-", "").replace(" ", "")
