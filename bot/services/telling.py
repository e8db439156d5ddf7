"""Telling one batch of notifications, and keeping what came of it, whatever Slack answers."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import (
    MessageGone,
    MessageRefused,
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
    PlaceGone,
    RevisionMoved,
    StoreError,
    WorkspaceGone,
)
from bot.domain.parcel import Place, Subscription
from bot.domain.records import Notice, Notification, Progress, Trouble
from bot.domain.status import Event
from bot.ports import Clock, Messenger, Record, Store
from bot.services.amend import amend

logger = logging.getLogger(__name__)

NOW = timedelta()
PACE = timedelta(seconds=1)
"""Slack takes one message a second for a channel."""
SETTLED_AFTER = timedelta(seconds=15)
"""A request that is older than its time limit and a quiet period can no longer arrive at Slack."""
LOOK_FOR = timedelta(hours=1)
"""Until a request is as old as this we go on looking for it while Slack is away; then it is made again."""
LADDER = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 86400)
)
CLOSED_FOR = timedelta(minutes=10)
KEEP_FOR = timedelta(hours=76)
REFUSED_AT_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All rows of one parcel that wait for one place: told as one message, since only the present matters."""

    rows: tuple[Notification, ...]

    @property
    def place(self) -> Place:
        """Where they are to be told."""
        return self.rows[0].place

    @property
    def due(self) -> datetime:
        """When the first of them is to be told."""
        return min(row.until for row in self.rows)

    @property
    def lines(self) -> tuple[Notification, ...]:
        """Those that say something, beside redrawing the card."""
        return tuple(row for row in self.rows if row.event)

    @property
    def doubtful(self) -> tuple[Notification, ...]:
        """Those that were being sent when we lost sight of them."""
        return tuple(row for row in self.rows if row.progress is Progress.SENDING)


class WorkspaceClosed(Exception):
    """Nothing can be told in this workspace for now; the rows were put off."""


class Telling:
    """Tells a batch: the card is redrawn, and what the channel wishes to hear is one message in its thread."""

    def __init__(self, *, store: Store, messenger: Messenger, clock: Clock, pace: timedelta = PACE) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._pace = pace

    async def tell(self, batch: Batch) -> timedelta:
        """Tell one batch and keep what came of it; return how long the channel is to rest.

        Raises:
            WorkspaceClosed: Slack takes nothing more from us in this workspace.
            StoreError: what came of it could not be kept.
        """
        try:
            return await self._show(batch)
        except MessengerError as error:
            return await self._came_to(batch, error)
        except StoreError:
            raise
        except Exception as error:
            # A fault of ours must not stop the other channels.
            logger.exception("a notification could not be told", extra={"channel": batch.place.channel})
            return await self._refused(batch, type(error).__name__)

    async def _came_to(self, batch: Batch, error: MessengerError) -> timedelta:
        """Keep what came of a batch that was not told: the one place where outcomes are told apart."""
        match error:
            case MessengerBusy():
                await self._later(batch, error.retry_after)
                return error.retry_after
            case MessengerDoubtful():
                await self._in_doubt(batch)
            case MessageGone():
                await self._without_card(batch)
            case MessageRefused():
                return await self._refused(batch, str(error))
            case PlaceGone():
                await self._pause(batch, str(error))
            case WorkspaceGone():
                await self._later(batch, CLOSED_FOR)
                raise WorkspaceClosed(str(error)) from error
            case _:
                await self._later(batch, _rung(batch), attempted=True)
        return NOW

    async def _show(self, batch: Batch) -> timedelta:
        parcel = await self._store.parcel(batch.place.workspace, batch.rows[0].key)
        subscription = await self._store.subscription(batch.place, batch.rows[0].key)
        if parcel is None or subscription is None:
            await self._store.save(remove=batch.rows)
            return NOW
        if batch.doubtful:
            settled = await self._settle(batch, subscription)
            batch = Batch(rows=tuple(await self._still_waiting(batch)))
            if settled is None or not batch.rows:
                return NOW
            subscription = settled
        stamp = next((row.stamp for row in batch.rows if row.stamp), "") or secrets.token_hex(8)
        if batch.lines or not subscription.card:
            now = self._clock.now()
            sending = tuple(replace(row, progress=Progress.SENDING, stamp=stamp, started_at=now) for row in batch.rows)
            await self._store.save(*sending)
            batch = Batch(rows=sending)
        card = await self._messenger.show_card(parcel, subscription, stamp=stamp)
        posted = card != subscription.card
        if posted:
            subscription = await self._keep_card(subscription, card)
        if batch.lines:
            plain = any(row.refusals == REFUSED_AT_MOST - 1 for row in batch.lines)
            await self._messenger.tell(batch.lines, parcel, subscription, stamp=stamp, plain=plain)
        await self._told(batch, batch.rows)
        return self._pace * (posted + bool(batch.lines))

    async def _keep_card(self, subscription: Subscription, card: str) -> Subscription:
        """Keep which message shows the parcel, whatever else happens to the subscription meanwhile."""
        place, key = subscription.place, subscription.key
        kept = await amend(
            self._store, lambda: self._store.subscription(place, key), lambda stored: replace(stored, card=card)
        )
        return kept or replace(subscription, card=card)

    async def _told(self, batch: Batch, rows: Sequence[Notification]) -> None:
        """Cross the rows off; after a deletion was told, the parcel and its last subscription go too."""
        while any(row.event is Event.DELETED for row in rows):
            parcel = await self._store.parcel(batch.place.workspace, batch.rows[0].key)
            subscription = await self._store.subscription(batch.place, batch.rows[0].key)
            if not (parcel and parcel.removed_at and subscription and not subscription.active):
                break
            others = await self._store.followers(parcel.workspace, parcel.key)
            gone: list[Record] = [subscription, *([parcel] if len(others) == 1 else [])]
            try:
                await self._store.save(remove=[*rows, *gone], onto=(parcel, *others))
            except RevisionMoved:  # another place tells it too, or somebody adds it again in this very moment
                continue
            return
        await self._store.save(remove=rows)

    # ── what came of it ────────────────────────────────────────────────────────────────────────────────────────

    async def _settle(self, batch: Batch, subscription: Subscription) -> Subscription | None:
        """Find out what became of rows that were being sent when we died or lost the answer.

        Returns the subscription when telling may go on, None when it is too early to know or Slack does not say. Where
        history cannot be read, what is in doubt is told again: a repeated message is better than a lost one.
        """
        started = min(row.started_at or row.created_at for row in batch.doubtful)
        if self._clock.now() < started + SETTLED_AFTER:
            await self._in_doubt(batch)
            return None
        stamp = batch.doubtful[0].stamp
        try:
            if not subscription.card:
                card = await self._messenger.find(batch.place, stamp, since=started)
                if card:
                    subscription = await self._keep_card(subscription, card)
            if subscription.card and any(row.event for row in batch.doubtful):
                line = await self._messenger.find(batch.place, stamp, thread=subscription.card, since=started)
                if line:
                    await self._told(batch, batch.doubtful)
        except (MessengerBusy, MessengerUnavailable, MessengerDoubtful) as error:
            if self._clock.now() < started + LOOK_FOR:
                await self._in_doubt(batch, error.retry_after if isinstance(error, MessengerBusy) else LADDER[0])
                return None
        return subscription

    async def _still_waiting(self, batch: Batch) -> list[Notification]:
        ids = {row.id for row in batch.rows}
        return [row for row in await self._store.waiting() if row.id in ids]

    async def _in_doubt(self, batch: Batch, wait: timedelta = LADDER[0]) -> None:
        """Leave the rows as they are until what is being sent can be settled; for a moment at least."""
        rows = await self._still_waiting(batch)
        sent = [row.started_at for row in rows if row.progress is Progress.SENDING and row.started_at]
        until = max([self._clock.now() + wait, *(started + SETTLED_AFTER for started in sent)])
        await self._store.save(*(replace(row, until=until) for row in rows))

    async def _later(self, batch: Batch, wait: timedelta, *, attempted: bool = False) -> None:
        """Put the rows off: nothing of them was posted. Those too old to be news are set aside."""
        now = self._clock.now()
        rows = [
            replace(
                row,
                progress=Progress.SET_ASIDE if now - row.created_at > KEEP_FOR else Progress.WAITING,
                until=now + wait,
                attempts=row.attempts + attempted,
            )
            for row in await self._still_waiting(batch)
        ]
        await self._store.save(*rows)
        _say_what_is_set_aside(rows, "too old")

    async def _without_card(self, batch: Batch) -> None:
        """The card is no longer there: forget it, so that the next try posts a new one."""
        subscription = await self._store.subscription(batch.place, batch.rows[0].key)
        if subscription:
            await self._keep_card(subscription, "")
        await self._later(batch, NOW)

    async def _refused(self, batch: Batch, reason: str) -> timedelta:
        """Our message is bad: once more as it is, once as plain text, then set aside."""
        rows = [
            replace(
                row,
                refusals=row.refusals + 1,
                progress=Progress.SET_ASIDE if row.refusals + 1 >= REFUSED_AT_MOST else Progress.WAITING,
                reason=reason,
                until=self._clock.now() + LADDER[0],
            )
            for row in await self._still_waiting(batch)
        ]
        await self._store.save(*rows)
        _say_what_is_set_aside(rows, reason)
        return NOW

    async def _pause(self, batch: Batch, reason: str) -> None:
        """Stop telling in this place, keep what waits, and tell the one who added the parcel, once."""
        settings = await self._store.settings(batch.place)
        await self._later(batch, NOW)
        if settings.paused:
            return
        await amend(
            self._store, lambda: self._store.settings(batch.place), lambda stored: replace(stored, paused=reason)
        )
        logger.warning("a channel no longer takes messages", extra={"channel": batch.place.channel, "reason": reason})
        subscription = await self._store.subscription(batch.place, batch.rows[0].key)
        owner = subscription.added_by if subscription else settings.set_by
        if not owner:
            return
        try:
            await self._messenger.warn(owner, Notice(trouble=Trouble.PLACE_GONE, place=batch.place, detail=reason))
        except MessengerError as error:
            logger.warning("an owner could not be told", extra={"why": type(error).__name__})


def _say_what_is_set_aside(rows: Sequence[Notification], reason: str) -> None:
    for row in rows:
        if row.progress is Progress.SET_ASIDE:
            logger.error("a notification was set aside", extra={"channel": row.place.channel, "reason": reason})


def _rung(batch: Batch) -> timedelta:
    wait = LADDER[min(max(row.attempts for row in batch.rows), len(LADDER) - 1)]
    return wait * (0.8 + 0.4 * secrets.randbelow(1000) / 1000)
