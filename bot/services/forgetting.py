"""Forgetting: what nobody needs any more, round by round, and all of a person, parcel, channel or workspace at once."""

import asyncio
import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from bot.domain.errors import RevisionMoved
from bot.domain.parcel import Parcel, ParcelKey, Place, Subscription
from bot.domain.records import InboxItem, Notification
from bot.domain.status import FINAL
from bot.ports import Clock, Record, Store

logger = logging.getLogger(__name__)
T = TypeVar("T")
SLICE = 200
"""So many parcels are looked at before others get their turn."""
LEFT_OUT = "…"
"""What stands in a text in the place of what was forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was forgotten: how many records of each kind went, how many lost a part, and what is to be found nowhere."""

    removed: Mapping[str, int]
    changed: int
    trace: str


class Forgetting:
    """Erases from the store. What it erases at once is gone from the disk only after the store was compacted."""

    def __init__(self, *, store: Store, clock: Clock, keep: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep

    async def run_once(self) -> int:
        """Drop what has ended and was not touched for so long; return how many parcels went.

        A parcel goes when it is delivered, expired or deleted, or when every channel has archived it. Of one that goes
        on elsewhere, only the archived subscription goes.
        """
        horizon, gone = self._clock.now() - self._keep, 0
        for at, parcel in enumerate(await self._store.parcels()):
            if not at % SLICE:
                await asyncio.sleep(0)
            followers = await self._store.followers(parcel.workspace, parcel.key)
            old = [one for one in followers if one.archived_at and one.archived_at < horizon]
            over = _is_over(parcel, followers, horizon)
            leaving: list[Record] = [parcel, *followers] if over else [*old]
            if not leaving:
                continue
            rows = [row for one in followers if one in leaving for row in await self._rows(one)]
            try:
                await self._store.save(remove=[*leaving, *rows], onto=leaving)
            except RevisionMoved:
                continue  # somebody has just touched it
            gone += over
        if gone:
            logger.info("parcels that had ended were forgotten", extra={"count": gone})
        return gone

    async def person(self, user: str) -> Forgotten:
        """Forget who somebody is and what they wrote. What they added stays with its channel, their own chat goes."""
        own_chats = {
            one.place
            for one in await self._store.everything()
            if isinstance(one, (Subscription, InboxItem)) and one.place.channel.startswith("D")
            if user == (one.user if isinstance(one, InboxItem) else one.added_by)
        }

        def goes(one: Record) -> bool:
            return getattr(one, "place", None) in own_chats or (isinstance(one, InboxItem) and one.user == user)

        return await self._erase(goes, trace=user)

    async def parcel(self, number: str, carrier: str = "") -> Forgotten:
        """Forget a parcel in every channel; without a carrier, of whatever carrier it is."""
        wanted = number.casefold()

        def goes(one: Record) -> bool:
            if isinstance(one, InboxItem):
                return wanted in "".join(filter(str.isalnum, one.words)).casefold()
            key = getattr(one, "key", None)
            return isinstance(key, ParcelKey) and key.number == number and carrier in {"", key.carrier}

        return await self._erase(goes, trace=number)

    async def channel(self, channel: str) -> Forgotten:
        """Forget a channel and what only it followed."""
        return await self._erase(
            lambda one: (
                channel in {getattr(getattr(one, "place", None), "channel", None), getattr(one, "channel", None)}
            ),
            trace=channel,
        )

    async def workspace(self, workspace: str) -> Forgotten:
        """Forget a workspace."""
        return await self._erase(lambda one: one.id.partition("/")[0] == workspace, trace=workspace)

    async def _erase(self, goes: Callable[[Record], bool], *, trace: str) -> Forgotten:
        """Remove the records that go and the parcels that nobody is left to follow; take the trace out of the rest."""
        everything = await self._store.everything()
        gone = {_slot(one): one for one in everything if goes(one)}
        subscriptions = [one for one in everything if isinstance(one, Subscription)]
        lonely = {_parcel_of(one) for one in subscriptions if _slot(one) in gone}
        lonely -= {_parcel_of(one) for one in subscriptions if _slot(one) not in gone}
        gone |= {_slot(one): one for one in everything if _parcel_of(one) in lonely}
        kept = [one for one in everything if _slot(one) not in gone]
        sought = pattern_of(trace)
        after = [(one, _without(_unsaid(one, trace), sought)) for one in kept]
        gone |= {_slot(one): one for one, other in after if other.id != one.id}  # it was named by what is forgotten
        changed = [other for one, other in after if other != one and other.id == one.id]
        await self._store.save(*changed, remove=gone.values())
        return Forgotten(
            removed=Counter(type(one).__name__.lower() for one in gone.values()), changed=len(changed), trace=trace
        )

    async def _rows(self, subscription: Subscription) -> list[Notification]:
        return [row for row in await self._store.waiting(subscription.place) if row.key == subscription.key]


def _slot(record: Record) -> tuple[type, str]:
    return type(record), record.id


def _parcel_of(record: Record) -> tuple[str, ParcelKey] | None:
    """Return which parcel the record is about, if it is about one."""
    match record:
        case Parcel():
            return record.workspace, record.key
        case Subscription() | Notification():
            return record.place.workspace, record.key
        case _:
            return None


def _is_over(parcel: Parcel, followers: Sequence[Subscription], horizon: datetime) -> bool:
    """Return whether a parcel has ended for everybody, and nobody touched it since the horizon."""
    if not parcel.removed_at and parcel.shown_status not in FINAL and any(one.active for one in followers):
        return False
    mark = parcel.mark.at if parcel.mark else None
    touched = [parcel.added_at, parcel.moved_at, parcel.acted_at, parcel.removed_at, mark]
    touched += [at for one in followers for at in (one.added_at, one.archived_at)]
    return max(at for at in touched if at) < horizon


def _unsaid(record: Record, user: str) -> Record:
    """Return the record without what this person wrote beside an act."""
    if isinstance(record, Parcel) and record.mark and record.mark.by == user:
        return replace(record, mark=replace(record.mark, note=""))
    if isinstance(record, Notification) and record.by == user:
        return replace(record, note="")
    return record


def pattern_of(trace: str) -> re.Pattern[str]:
    """Return what finds an id or a number where it stands as a word of its own, and not as a part of another."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(trace)}(?![A-Za-z0-9])")


def _without(value: T, sought: re.Pattern[str]) -> T:
    """Return a value, and all that is in it, without this text; a field that is nothing else becomes empty."""
    after: object = value
    if isinstance(value, (StrEnum, Place, ParcelKey)):
        return value
    if isinstance(value, str):
        after = "" if sought.fullmatch(value) else sought.sub(LEFT_OUT, value)
    elif isinstance(value, tuple):
        after = tuple(_without(one, sought) for one in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        after = replace(value, **{name: _without(one, sought) for name, one in fields.items()})
    return after  # type: ignore[return-value]  # the same kind of value as came in
