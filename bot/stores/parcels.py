"""Parcels in memory: packed, and decoded when they are read; what is asked of all of them stands beside.

A parcel's document holds its newest checkpoint; the older ones, with the ids of all ever seen, are a document of their
own, packed, so that a change without new checkpoints does not write them again.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple

import msgspec

from bot.domain.errors import StoreError
from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Seen
from bot.domain.status import FINAL, Event, event_of
from bot.stores.tables import LINES, Pending, Row, Rows, pack, unpack

SLICE = 500
"""After so many parcels at once others get their turn."""
LATELY = 128
"""So many of the parcels read or saved last are kept decoded: who reads one most often saves it next."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
_UNLIKE_ALL = object()
"""The fingerprint of a parcel that two workspaces read from different entries."""

Name = tuple[str, ParcelKey]


class _Lines(msgspec.Struct, array_like=True):
    """What stands packed beside a parcel."""

    checkpoints: tuple[Checkpoint, ...]
    seen: list[str]


class _Document(msgspec.Struct):
    """A document of older checkpoints: deflated JSON, and the number of the parcel's own, which it has too."""

    name: int
    packed: bytes


class _Older(msgspec.Struct):
    """What a parcel's document says of the other one: its digest, empty when there is none."""

    older: str = ""


@dataclass(slots=True)
class _Known:
    """The fingerprint that a parcel was read from, and when we heard last of it since that was written."""

    fingerprint: object
    heard: datetime | None = None


class Held(NamedTuple):
    """What is known of a parcel without decoding it; `restless` when a look could move it."""

    number: int
    looked_at: datetime
    updated_at: datetime | None
    restless: bool
    out: bool


LONGEST_UNPACKED = 16 << 20
"""Bytes of one parcel's older lines; a file that a hand has spoilt could unpack to any size."""
_UPDATED = re.compile(rb'"updated_at":(?:null|"[^"]*")')
_encode = msgspec.json.Encoder(order="deterministic").encode
_read_lines = msgspec.json.Decoder(_Lines).decode
_read_document = msgspec.json.Decoder(_Document).decode
_read_older = msgspec.json.Decoder(_Older).decode


class ParcelShelf:
    """Parcels by workspace and key."""

    def __init__(self, rows: Rows) -> None:
        self._bodies = rows.setdefault("parcels", {})
        self._lines = rows.setdefault(LINES, {})
        self._held: dict[str, dict[ParcelKey, Held]] = {}
        self._places: dict[ParcelKey, str | tuple[str, ...]] = {}
        self._known: dict[ParcelKey, _Known] = {}
        self._unread: set[Name] = set()
        self._lately: dict[Name, Parcel] = {}

    def name(self, record: Parcel) -> Name:
        """Return what the parcel is found by."""
        return record.workspace, record.key

    def number(self, name: Name) -> int | None:
        """Return the number of this parcel's document."""
        held = self._held.get(name[0], {}).get(name[1])
        return held and held.number

    def get(self, name: Name) -> Parcel | None:
        """Return the parcel, as it was last heard of."""
        parcel = self._lately.get(name)
        if parcel is None:
            number = self.number(name)
            if number is None:
                return None
            parcel = self._unpack(number)
        return self._kept(name, parcel)

    def rows(self, number: int, record: Parcel | None, pending: Pending) -> list[Row]:
        """Return the documents to write so that this parcel stands here. Raises `StoreError`."""
        stored = pending.get(("parcels", number)) or self._bodies.get(number)
        before = _read_older(stored).older if stored else ""
        record = record and self._as_heard(record)
        if record is None:
            return [("parcels", number, None), *([(LINES, number, None)] if before else [])]
        body = pack(replace(record, checkpoints=record.checkpoints[:1], seen=frozenset()))
        if ("parcels", number) not in pending and self._has_these_lines(record):
            return [("parcels", number, _with_older(body, before))]
        lines = _Lines(record.checkpoints[1:], sorted(record.seen))
        try:
            text = _encode(lines)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise StoreError(f"A Parcel can't be stored: {error}. Nothing was changed.") from error
        digest = blake2b(text, digest_size=8).hexdigest() if record.seen or lines.checkpoints else ""
        rows: list[Row] = [("parcels", number, _with_older(body, digest))]
        if digest and digest != before:
            rows.append((LINES, number, _encode(_Document(number, zlib.compress(text)))))
            if _read_lines(text) != lines:
                raise StoreError("A Parcel can't be stored: it would come back different. Nothing was changed.")
        elif before and not digest:
            rows.append((LINES, number, None))
        return rows

    def put(self, number: int, name: Name, record: Parcel | None) -> None:
        """Let this parcel stand here; None takes away what stood here."""
        workspace, key = name
        if record is None:
            self._lately.pop(name, None)
            self._held.get(workspace, {}).pop(key, None)
            self._unread.discard(name)
            self._place(key, workspace, known=False)
        else:
            self._note(number, name, self._kept(name, record))

    def load(self, _rows: Rows) -> None:
        """Take in every document. Raises `ValueError` with the number of one that can't be read."""
        for number, body in self._bodies.items():
            try:
                parcel = unpack(Parcel, body)
                if _read_older(body).older and number not in self._lines:
                    raise ValueError(f"its older lines are not in table {LINES}")  # noqa: TRY301 - as what can't be read
                self._note(number, self.name(parcel), parcel)
            except (ValueError, RecursionError) as error:
                raise ValueError(number, str(error)) from error

    def count(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._held.values()))

    def workspaces(self, key: ParcelKey) -> tuple[str, ...]:
        """Return the workspaces that know this parcel."""
        found = self._places.get(key, ())
        return (found,) if isinstance(found, str) else found

    def all(self) -> list[Parcel]:
        """Return every parcel."""
        return [parcel for name in self.names() if (parcel := self.get(name))]

    def names(self, workspace: str | None = None) -> list[Name]:
        """Return the names of all parcels, or those of one workspace."""
        some = [workspace] if workspace is not None else list(self._held)
        return [(one, key) for one in some for key in self._held.get(one, ())]

    def unread(self) -> list[Name]:
        """Return the names of those that an act left to be read again."""
        return list(self._unread)

    def silent(self, before: datetime) -> Iterator[Name]:
        """Yield those that are out or were refreshed before this time, the longest unlooked first."""
        heard = self._heard
        found = [
            (held[1], workspace, key)
            for workspace, parcels in self._held.items()
            for key, held in parcels.items()
            if held[3] and (held[4] or ((at := heard(key) or held[2]) is not None and at < before))
        ]
        found.sort(key=itemgetter(0))
        return ((workspace, key) for _, workspace, key in found)

    def unlike(self, seen: Mapping[ParcelKey, Seen]) -> list[ParcelKey]:
        """Return the keys we know under another fingerprint; remember of the others when they were refreshed."""
        changed = []
        for (key, (fingerprint, updated_at)), known in zip(seen.items(), map(self._known.get, seen), strict=True):
            if known is None:
                continue
            if known.fingerprint != fingerprint:
                changed.append(key)
            elif updated_at is not None and (known.heard is None or updated_at > known.heard):
                known.heard = updated_at
        return changed

    def remember(self) -> Iterator[None]:
        """Put into the documents what was heard since they were written, a slice at a time."""
        for at, (key, known) in enumerate([(key, known) for key, known in self._known.items() if known.heard], 1):
            if not (heard := known.heard):
                continue
            for workspace in self.workspaces(key):
                held = self._held[workspace][key]
                if held.updated_at is None or heard > held.updated_at:
                    body = self._bodies[held.number]
                    self._bodies[held.number] = _UPDATED.sub(b'"updated_at":' + _encode(heard), body, count=1)
                    self._held[workspace][key] = held._replace(updated_at=heard)
                    self._lately.pop((workspace, key), None)  # it may have been decoded before this was heard
            if known.heard == heard:
                known.heard = None
            if at % SLICE == 0:
                yield

    def _has_these_lines(self, record: Parcel) -> bool:
        """Return whether the lines are, object for object, those of the parcel as it was last read or saved."""
        last = self._lately.get(self.name(record))
        return last is not None and last.checkpoints is record.checkpoints and last.seen is record.seen

    def _kept(self, name: Name, parcel: Parcel) -> Parcel:
        """Return the parcel as it was last heard of, and keep it at hand."""
        if len(self._lately) >= LATELY and name not in self._lately:
            del self._lately[next(iter(self._lately))]
        self._lately[name] = parcel = self._as_heard(parcel)
        return parcel

    def _heard(self, key: ParcelKey) -> datetime | None:
        known = self._known.get(key)
        return known.heard if known else None

    def _as_heard(self, parcel: Parcel) -> Parcel:
        heard = self._heard(parcel.key)
        if heard and (parcel.updated_at is None or heard > parcel.updated_at):
            return replace(parcel, updated_at=heard)
        return parcel

    def _unpack(self, number: int) -> Parcel:
        body = self._bodies[number]
        parcel = unpack(Parcel, body)
        if not _read_older(body).older:
            return parcel
        older = self._older_lines(number)
        return replace(parcel, checkpoints=parcel.checkpoints + older.checkpoints, seen=frozenset(older.seen))

    def _older_lines(self, number: int) -> _Lines:
        try:
            packed = _read_document(self._lines[number]).packed
            return _read_lines(zlib.decompressobj().decompress(packed, LONGEST_UNPACKED))
        except (KeyError, ValueError, RecursionError, zlib.error) as error:
            raise StoreError(
                f"The older lines of parcel {number} (table {LINES}) can't be read: {error}. Nothing was changed. "
                f"Mend them in waybill.json, or put a backup back with `waybill store restore`."
            ) from error

    def _note(self, number: int, name: Name, parcel: Parcel) -> None:
        """Keep beside the parcel what is asked of all of them."""
        workspace, key = name
        restless = not (parcel.removed_at or parcel.missing > 1 or {parcel.status, parcel.shown_status} & FINAL)
        self._held.setdefault(workspace, {})[key] = Held(
            number,
            parcel.looked_at or LONG_AGO,
            parcel.updated_at,
            restless,
            event_of(parcel.status, parcel.substatus) is Event.OUT,
        )
        (self._unread.add if parcel.must_read and not parcel.removed_at else self._unread.discard)(name)
        known = self._known.get(key)
        if known and known.heard and parcel.updated_at and parcel.updated_at >= known.heard:
            known.heard = None
        self._place(key, workspace, known=True, fingerprint=None if parcel.removed_at else parcel.fingerprint)

    def _place(self, key: ParcelKey, workspace: str, *, known: bool, fingerprint: int | None = None) -> None:
        """Keep which workspaces know a parcel, and the fingerprint they read it from."""
        others = tuple(one for one in self.workspaces(key) if one != workspace)
        here = (*others, workspace) if known else others
        if not here:
            self._places.pop(key, None)
        else:
            self._places[key] = here[0] if len(here) == 1 else here
        fingerprints = {one.fingerprint for other in others if (one := self.get((other, key))) and not one.removed_at}
        if fingerprint is not None:
            fingerprints.add(fingerprint)
        if fingerprints:
            shared = fingerprints.pop() if len(fingerprints) == 1 else _UNLIKE_ALL
            self._known.setdefault(key, _Known(shared)).fingerprint = shared
        else:
            self._known.pop(key, None)


def _with_older(body: bytes, digest: str) -> bytes:
    return b'%b,"older":"%b"}' % (body[:-1], digest.encode())
