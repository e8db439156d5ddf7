"""What becomes of rows that were not told: the one place where it is decided, and kept, what comes next."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import MessengerError
from bot.domain.parcel import ParcelKey, Place
from bot.domain.records import Notice, Notification, Progress, Trouble
from bot.ports import Clock, Messenger, Store
from bot.services.amend import amend
from bot.services.batches import Batch

logger = logging.getLogger(__name__)

NOW = timedelta()
LADDER = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 86400)
)
"""How long a row waits after each failure; about 76 hours in all."""
JITTER = 0.2
REFUSED_AT_MOST = 3
KEPT_WHILE_CLOSED = timedelta(hours=72)
BUSY, CLOSED, KILLS, IN_DOUBT = "asked to wait", "the channel is gone", "it ended the process", "in doubt"
LONGEST_BUSY = timedelta(hours=1)
OWNERS_HEAR_EVERY = timedelta(days=1)


def longest_wait(row: Notification) -> timedelta:
    """Return how long a row that was put off may have to wait at most, whatever the clock says of its `until`."""
    rung = LADDER[min(max(row.attempts - 1, 0), len(LADDER) - 1)] * (1 + JITTER)
    return max(rung, LONGEST_BUSY) if row.reason == BUSY else rung


class Setbacks:
    """Puts rows off, sets them aside, and tells their owners."""

    def __init__(self, *, store: Store, messenger: Messenger, clock: Clock) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._owners_told: dict[tuple[Place, Trouble], float] = {}

    async def still_waiting(self, batch: Batch) -> list[Notification]:
        """Return the rows of the batch as they are stored now; those told or forgotten meanwhile are left out."""
        ids = {row.id for row in batch.rows}
        return [row for row in await self._store.waiting(batch.place) if row.id in ids]

    async def later(self, batch: Batch, wait: timedelta, *, reason: str = "") -> None:
        """Put the rows off: nothing of them was posted, and nothing is wrong with them."""
        until = self._clock.now() + wait
        await self._store.save(
            *(replace(waiting(row), until=until, reason=reason) for row in await self.still_waiting(batch))
        )

    async def failed(self, batch: Batch, reason: str) -> None:
        """Put the rows off by one more rung of the ladder; after the last they are undeliverable."""
        now, jitter = self._clock.now(), 1 + JITTER * (secrets.randbelow(2001) / 1000 - 1)
        rows, given_up = [], []
        for row in await self.still_waiting(batch):
            if row.attempts >= len(LADDER):
                given_up.append(row)
                continue
            until = now + LADDER[row.attempts] * jitter
            rows.append(replace(waiting(row), until=until, attempts=row.attempts + 1, reason=reason))
        await self._store.save(*rows, *_aside(given_up, reason))
        if given_up:
            await self.tell_owner(given_up[0].place, given_up[0].key, Trouble.UNDELIVERABLE, reason)

    async def refused(self, batch: Batch, reason: str) -> None:
        """Our message is bad: once more as it is, once as plain text, then set aside."""
        until = self._clock.now() + LADDER[0]
        rows = [
            replace(waiting(row), refusals=row.refusals + 1, reason=reason, until=until)
            for row in await self.still_waiting(batch)
        ]
        bad = [row for row in rows if row.refusals >= REFUSED_AT_MOST]
        await self._store.save(*(row for row in rows if row not in bad), *_aside(bad, reason))

    async def doubted(self, batch: Batch, wait: timedelta = LADDER[0], *, reason: str = IN_DOUBT) -> None:
        """Leave the rows as they are, for so long."""
        until = self._clock.now() + wait
        await self._store.save(*(replace(row, until=until, reason=reason) for row in await self.still_waiting(batch)))

    async def set_aside(self, rows: Sequence[Notification], reason: str) -> None:
        """Tell these rows no more, unless somebody has them told again."""
        if rows:
            await self._store.save(*_aside(rows, reason))

    async def pause(self, batch: Batch, reason: str) -> None:
        """Stop telling in this place, keep what waits, and tell the one who added the parcel, once."""
        place = batch.place
        await self.later(batch, NOW)
        if (await self._store.settings(place)).paused:
            return
        await amend(self._store, lambda: self._store.settings(place), lambda stored: replace(stored, paused=reason))
        logger.warning("a channel no longer takes messages", extra={"channel": place.channel, "reason": reason})
        await self.tell_owner(place, batch.rows[0].key, Trouble.PLACE_GONE, reason)

    async def keep_no_longer(self, rows: Sequence[Notification]) -> None:
        """Set aside what has waited for a closed channel for too long."""
        now = self._clock.now()
        await self.set_aside([row for row in rows if now - row.created_at > KEPT_WHILE_CLOSED], CLOSED)

    async def tell_owner(self, place: Place, key: ParcelKey, trouble: Trouble, detail: str) -> None:
        """Tell the one who added the parcel, or who set the channel up; of a place's trouble once a day."""
        now = self._clock.monotonic()
        if now < self._owners_told.get((place, trouble), now):
            return
        self._owners_told[place, trouble] = now + OWNERS_HEAR_EVERY.total_seconds()
        subscription = await self._store.subscription(place, key)
        owner = subscription.added_by if subscription else (await self._store.settings(place)).set_by
        if not owner:
            return
        try:
            await self._messenger.warn(owner, Notice(trouble=trouble, place=place, detail=detail))
        except MessengerError as error:
            logger.warning("an owner could not be told", extra={"why": type(error).__name__})


def waiting(row: Notification) -> Notification:
    """Return a row that waits again: nothing of it was posted, or nobody can tell."""
    return replace(row, progress=Progress.WAITING, digest=False, stamp="", started_at=None, rehearsals=0)


def _aside(rows: Sequence[Notification], reason: str) -> list[Notification]:
    for row in rows:
        logger.error("a notification was set aside", extra={"channel": row.place.channel, "reason": reason})
    return [replace(waiting(row), progress=Progress.SET_ASIDE, reason=reason) for row in rows]
