"""A page of the list: 2,000 parcels of which hardly any has changed, so they are read only as far as they must be.

All that a report is made of goes into its fingerprint as the bytes that came; only where a parcel's fingerprint has
changed are its bytes decoded and read. A page of another shape than this takes is read whole, as any other answer is.
"""

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import repeat
from operator import attrgetter
from zlib import crc32

import msgspec

from bot.domain.changes import STALLED_AFTER
from bot.domain.errors import AnswerNotUnderstood
from bot.domain.parcel import ParcelKey, Report, Seen
from bot.domain.reports import Reports
from bot.providers.trackingmore.reader import Reader, clean, decode
from bot.providers.trackingmore.session import unwrap, unwrap_beside
from bot.providers.trackingmore.transport import RawAnswer
from bot.providers.trackingmore.wire import entries_of, read_number, read_report

logger = logging.getLogger(__name__)

_READING = 1  # to be counted up when a report is made of more or other fields: then all are read once more
_SLICE = 250  # entries: half a millisecond
_DEEP = 3  # an entry lies in answer, data and items
_NONE = msgspec.Raw()
_ODD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, AnswerNotUnderstood)


class _Entry(msgspec.Struct, gc=False):
    """What `read_report` reads. What follows `stayTimeLength` stays as it came, for the fingerprint."""

    tracking_number: str
    carrier_code: str
    updated_at: str | None = None
    stayTimeLength: int | float | str | None = None  # noqa: N815 - the service's word
    status: msgspec.Raw = _NONE
    substatus: msgspec.Raw = _NONE
    archived: msgspec.Raw = _NONE
    original_country: msgspec.Raw = _NONE
    destination_country: msgspec.Raw = _NONE
    origin_info: msgspec.Raw = _NONE
    destination_info: msgspec.Raw = _NONE


class _Quick(msgspec.Struct):
    items: list[_Entry]
    total: msgspec.Raw = _NONE
    limit: msgspec.Raw = _NONE


class _Loose(msgspec.Struct):
    items: list[msgspec.Raw]
    total: msgspec.Raw = _NONE
    limit: msgspec.Raw = _NONE


class _QuickAnswer(msgspec.Struct):
    meta: msgspec.Raw
    data: _Quick


class _LooseAnswer(msgspec.Struct):
    meta: msgspec.Raw
    data: _Loose


_plain = attrgetter(*_Entry.__struct_fields__[:4])
_said = attrgetter(*_Entry.__struct_fields__[4:])
_as_key = partial(tuple.__new__, ParcelKey)  # these two skip what a named tuple does with its arguments
_as_seen = partial(tuple.__new__, Seen)
_as_quick = msgspec.json.Decoder(_QuickAnswer).decode
_as_loose = msgspec.json.Decoder(_LooseAnswer).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the list. `entries` counts all, also those that could not be read; `limit` is what the service says."""

    reports: Reports
    entries: int
    total: int | None
    limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickPage:
    """A page whose entries are not decoded yet; they come in the order of `seen`."""

    seen: Mapping[ParcelKey, Seen]
    entries: Sequence[_Entry]
    facts: Mapping[str, object]


async def unwrap_page(raw: RawAnswer, where: str) -> tuple[int, object]:
    """Return code and data of an answer that holds a page; the entries stay undecoded if its shape allows that.

    The parser keeps the event loop from running even in a thread, and all the threads would fight for the rest. So the
    quick way is gone on the loop, a slice at a time; only what has to be read whole goes into a thread.
    """
    try:
        quick = _as_quick(raw.body)
        entries, seen = quick.data.items, dict[ParcelKey, Seen]()
        for at in range(0, len(entries), _SLICE):
            await asyncio.sleep(0)  # others want the loop, too
            seen.update(_seen_of(entries[at : at + _SLICE]))
        if len(seen) == len(entries):
            return _code(quick.meta, where), QuickPage(seen=seen, entries=entries, facts=_facts(quick.data, where))
    except _ODD:
        pass
    return await unwrap_beside(raw, where, _unwrap_whole)


def _unwrap_whole(raw: RawAnswer, where: str) -> tuple[int, object]:
    try:
        loose = _as_loose(raw.body)
        return _code(loose.meta, where), {**_facts(loose.data, where), "items": loose.data.items}
    except _ODD:
        return unwrap(raw, where)


def read_page(data: object, where: str, asked_at: datetime) -> Page:
    """Read a page of the list. What cannot be read is skipped and named in the log: the others are not to wait."""
    if isinstance(data, QuickPage):
        reports, entries, facts = _read_when_asked(data, where, asked_at), len(data.seen), data.facts
    else:
        every = entries_of(data, where)
        read = [_read(entry, path, asked_at) for entry, path in every]
        reports, entries = Reports.of(report for report in read if report), len(every)
        facts = data if isinstance(data, dict) else {}
    reader = Reader(facts, where)
    return Page(
        reports=reports,
        entries=entries,
        total=reader.whole_or("total", None),
        limit=reader.whole_or("limit", None),
    )


def _read_when_asked(page: QuickPage, where: str, asked_at: datetime) -> Reports:
    """Return the reports of the page, each to be read when it is asked for; the first finds the places of all."""
    places: dict[ParcelKey, tuple[int, _Entry]] = {}

    def read(key: ParcelKey) -> Report | None:
        if not places:
            places.update(zip(page.seen, enumerate(page.entries), strict=True))
        at, entry = places[key]
        return _read(entry, f"{where}.items[{at}]", asked_at, fingerprint=page.seen[key].fingerprint)

    return Reports(seen=page.seen, read=read)


def _read(entry: object, path: str, asked_at: datetime, *, fingerprint: int = 0) -> Report | None:
    """Read an entry of the list; return None, and name it in the log, when it cannot be read."""
    value: object = None
    try:
        value = _decoded(entry, path)
        return read_report(Reader(value, path), asked_at, fingerprint)
    except AnswerNotUnderstood as error:
        number = value.get("tracking_number") if isinstance(value, dict) else None
        facts = {"number": clean(str(number))[:64], "where": error.where, "why": error.why}
        logger.warning("a parcel in the list was skipped: it can't be read", extra=facts)
        return None


def _decoded(entry: object, path: str) -> object:
    if isinstance(entry, msgspec.Raw):
        return decode(entry, path, within=_DEEP)
    if not isinstance(entry, _Entry):
        return entry
    told = {name: getattr(entry, name) for name in _Entry.__struct_fields__}
    told["stayTimeLength"] = msgspec.Raw(json.dumps(entry.stayTimeLength).encode())  # to be looked at, too
    given = {name: value for name, value in told.items() if value is not _NONE}
    return {
        name: decode(value, path, within=_DEEP + 1) if isinstance(value, msgspec.Raw) else value
        for name, value in given.items()
    }


def _code(meta: msgspec.Raw, where: str) -> int:
    return Reader(decode(meta, where), f"{where}.meta").whole("code")


def _facts(data: _Quick | _Loose, where: str) -> dict[str, object]:
    told = {"total": data.total, "limit": data.limit}
    return {name: decode(value, where) for name, value in told.items() if bytes(value)}


def _seen_of(entries: Sequence[_Entry]) -> Iterator[tuple[ParcelKey, Seen]]:
    """Return what is seen of each parcel.

    The fingerprint has length and checksum of all that a report is made of; of the days of silence only whether they
    are a stall. It is taken of each parcel at each refresh, so this is written to be quick.
    """
    numbers, carriers, updated, stays = zip(*map(_plain, entries), strict=True)
    said = list(map(b"\n".join, map(_said, entries)))
    facts = zip(map(len, said), map(crc32, said, repeat(_READING)), map(_is_stalled, stays), strict=True)
    fingerprints = [length << 33 | checksum << 1 | is_stalled for length, checksum, is_stalled in facts]
    keys = map(_as_key, zip(map(_carrier, carriers), _numbers(numbers), strict=True))
    return zip(keys, map(_as_seen, zip(fingerprints, map(_moment, updated), strict=True)), strict=True)


def _numbers(numbers: Sequence[str]) -> Iterable[str]:
    text = "".join(numbers)
    if text.isascii() and text.isalnum() and text == text.upper() and min(map(len, numbers)) > len("null"):
        return numbers
    return (read_number(Reader({"tracking_number": number}, "data.items[]")) for number in numbers)


@lru_cache(maxsize=4096)
def _carrier(code: str) -> str:
    return Reader({"carrier_code": code}, "data.items[]").text("carrier_code").lower()


@lru_cache(maxsize=4096)
def _is_stalled(stay: float | str | None) -> bool:
    return Reader({"days": stay}, "data.items[]").whole_or("days", 0) >= STALLED_AFTER.days


@lru_cache(maxsize=4096)
def _moment(text: str | None) -> datetime | None:
    return Reader({"updated_at": text}, "data.items[]").moment("updated_at")
