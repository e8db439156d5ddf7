"""Telling one batch of notifications, and keeping what came of it, whatever Slack answers."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import (
    MessageGone,
    MessageRefused,
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
    PlaceGone,
    StoreError,
    WorkspaceGone,
)
from bot.domain.records import Doubt, News, Notification, Progress
from bot.ports import Clock, Messenger, Store
from bot.services.batches import Batch
from bot.services.pacing import Pacing
from bot.services.setbacks import BUSY, IN_DOUBT, KILLS, NOW, REFUSED_AT_MOST, Setbacks, waiting
from bot.services.standing import Standing

logger = logging.getLogger(__name__)

TIME_LIMIT = timedelta(seconds=10)
"""Our requests to Slack are given up after so long."""
QUIET = timedelta(seconds=30)
SETTLED_AFTER = TIME_LIMIT + QUIET
"""A request that is older than its time limit and a quiet period can no longer arrive at Slack."""
LOOK_FOR = timedelta(hours=1)
"""Until a request is as old as this we go on looking for it while Slack is away; then it is made again."""
CLOSED_FOR = timedelta(minutes=10)
KILLED = 3
"""Deaths in the midst of a row that cannot be chance: one while it was told, as others were at that moment, and the two
that can only be its own doing, while it alone was written out."""


class WorkspaceClosed(Exception):
    """Nothing can be told in this workspace for now; the rows were put off."""


class Telling:
    """Tells a batch: the card is redrawn, and what the channel wishes to hear is one message in its thread.

    What Slack has taken and the store has not stands: then only the store is asked again.
    """

    def __init__(
        self,
        *,
        store: Store,
        messenger: Messenger,
        clock: Clock,
        pacing: Pacing,
        quiet: timedelta = QUIET,
        doubt: Doubt = Doubt.REPEAT,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._pacing = pacing
        self._settled_after = (TIME_LIMIT + quiet).total_seconds()
        self._doubt = doubt
        self.setbacks = Setbacks(store=store, messenger=messenger, clock=clock)
        self._sent_at: dict[str, float] = {}  # by the monotonic clock; of an earlier process's rows, when first seen
        self._standing = Standing(store=store, clock=clock)
        self._rehearsed: set[str] = set()

    def unsettled(self, row: Notification) -> float:
        """Return in how many seconds it can be found out what became of a row that was being sent."""
        if self._standing.stands(row):
            return 0.0
        now = self._clock.monotonic()
        return self._sent_at.setdefault(row.id, now) + self._settled_after - now

    async def tell(self, batch: Batch) -> None:
        """Tell one batch and keep what came of it.

        Raises:
            WorkspaceClosed: Slack takes nothing more from us in this workspace.
            StoreError: what came of it could not be kept.
        """
        try:
            if standing := [row for row in batch.rows if self._standing.stands(row)]:
                await self._cross_off(standing, redraw=True)
            elif batch.doubtful:
                await self._settle(batch)
            else:
                await self._show(batch)
        except MessengerError as error:
            await self._came_to(batch, error)
        except StoreError:
            raise
        except Exception as error:
            # A fault of ours must not stop the other channels.
            logger.exception("a notification could not be told", extra={"channel": batch.place.channel})
            await self.setbacks.refused(batch, type(error).__name__)

    async def _came_to(self, batch: Batch, error: MessengerError) -> None:
        """Keep what came of a batch that was not told: the one place where outcomes are told apart."""
        setbacks = self.setbacks
        match error:
            case MessengerBusy():
                await setbacks.later(batch, error.retry_after, reason=BUSY)
            case MessengerDoubtful() if any(row.stamp for row in await setbacks.still_waiting(batch)):
                await setbacks.doubted(batch)
            case MessageGone():
                await self._without_card(batch)
            case MessageRefused():
                await setbacks.refused(batch, str(error))
            case PlaceGone():
                await setbacks.pause(batch, str(error))
            case WorkspaceGone():
                await setbacks.later(batch, CLOSED_FOR)
                raise WorkspaceClosed(str(error)) from error
            case _:
                await setbacks.failed(batch, str(error))

    async def _show(self, batch: Batch) -> None:
        poison = [row for row in batch.rows if row.rehearsals >= KILLED and row.id not in self._rehearsed]
        if poison:
            await self.setbacks.set_aside(poison, KILLS)
            return
        news = await self._news(batch)
        if not await self._rehearse(news):
            return
        if len(news) > 1:
            await self._tell_many(news, batch.more)
        elif news:
            await self._tell_one(news[0])

    async def _news(self, batch: Batch) -> list[News]:
        """Return what is to be told of each parcel; rows of what is no more are dropped."""
        found, orphans = list[News](), list[Notification]()
        for key, rows in batch.by_parcel.items():
            parcel = await self._store.parcel(batch.place.workspace, key)
            subscription = await self._store.subscription(batch.place, key)
            if parcel is None or subscription is None:
                orphans += rows
                continue
            subscription = await self._standing.with_card(subscription)
            found.append(News(rows=rows, parcel=parcel, subscription=subscription))
        if orphans:
            await self._store.save(remove=orphans)
        return found

    async def _rehearse(self, news: Sequence[News]) -> bool:
        """Write out what was being told when a process died: each alone, so that we know by which one we die again."""
        for one in news:
            suspects = [row for row in one.rows if row.rehearsals and row.id not in self._rehearsed]
            if not suspects:
                continue
            await self._store.save(*(replace(row, rehearsals=row.rehearsals + 1) for row in suspects))
            try:
                await self._messenger.rehearse(one)
            except Exception as error:
                logger.exception("a notification cannot be written out", extra={"channel": suspects[0].place.channel})
                await self.setbacks.refused(Batch(rows=one.rows), type(error).__name__)
                return False
            await self._store.save(*(replace(row, rehearsals=1) for row in suspects))
            self._rehearsed.update(row.id for row in suspects)
        return True

    async def _tell_one(self, news: News) -> None:
        parcel, subscription = news.parcel, news.subscription
        place, lines = subscription.place, [row for row in news.rows if row.event]
        stamp = secrets.token_hex(8)
        rows = await self._start(news.rows, stamp if lines or not subscription.card else "")
        plain = any(row.refusals == REFUSED_AT_MOST - 1 for row in rows)
        redrawn = False
        if not subscription.card:
            card = await self._messenger.show_card(parcel, subscription, stamp=stamp, plain=plain)
            subscription, redrawn = await self._standing.keep_card(subscription, card), True
            if lines:
                self._pacing.posted(place)
        elif not lines:
            redrawn = True
            await self._redraw(news, plain=plain)
        elif not plain and (parcel.removed_at or not self._pacing.redraw_wait(place.workspace)):
            self._pacing.redrawn(place.workspace)
            redrawn = await self._redraw_beside(news)
        if lines:
            self._sending(rows)
            await self._messenger.tell(
                [row for row in rows if row.event], parcel, subscription, stamp=stamp, plain=plain
            )
        self._standing.took(rows)
        await self._cross_off(rows, redraw=not redrawn)

    async def _tell_many(self, news: Sequence[News], more: int) -> None:
        stamp = secrets.token_hex(8)
        rows = await self._start([row for one in news for row in one.rows], stamp, digest=True)
        await self._messenger.digest(news, stamp=stamp, more=more)
        self._standing.took(rows)
        await self._cross_off(rows, redraw=True)

    async def _start(self, rows: Sequence[Notification], stamp: str, *, digest: bool = False) -> list[Notification]:
        """Keep that these rows are being told, before anything of them is written out."""
        progress, now = Progress.SENDING if stamp else Progress.WAITING, self._clock.now()
        started = [
            replace(row, progress=progress, stamp=stamp, started_at=now, digest=digest, reason="", rehearsals=1)
            for row in rows
        ]
        await self._store.save(*started)
        self._sending(started)
        return started

    def _sending(self, rows: Sequence[Notification]) -> None:
        now = self._clock.monotonic()
        self._sent_at |= {row.id: now for row in rows if row.stamp}

    async def _redraw(self, news: News, *, plain: bool = False) -> None:
        try:
            await self._messenger.show_card(news.parcel, news.subscription, stamp="", plain=plain)
        except MessengerBusy as busy:
            self._pacing.no_redraws(news.subscription.place.workspace, busy.retry_after)
            raise

    async def _redraw_beside(self, news: News) -> bool:
        """Redraw a card of which there is news; return whether it was: the news does not wait for it."""
        try:
            await self._redraw(news)
        except (MessengerBusy, MessengerDoubtful):
            if news.parcel.removed_at:
                raise  # there will be nothing left to redraw it from
            return False
        return True

    async def _cross_off(self, rows: Sequence[Notification], *, redraw: bool) -> None:
        await self._standing.cross_off(rows, redraw=redraw)
        for row in rows:
            self._sent_at.pop(row.id, None)
            self._rehearsed.discard(row.id)

    async def _without_card(self, batch: Batch) -> None:
        """The card is no longer there: forget it, so that the next try posts a new one."""
        subscription = await self._store.subscription(batch.place, batch.rows[0].key)
        if subscription:
            await self._standing.keep_card(subscription, "")
        await self.setbacks.later(batch, NOW)

    # ── what was being sent when we died or lost the answer ────────────────────────────────────────────────────

    async def _settle(self, batch: Batch) -> None:
        """Find out what became of rows: they were told, or they wait again.

        Where history cannot be read, what is in doubt is told again: a repeated message is better than a lost one. Who
        thinks otherwise has it set aside.
        """
        rows = batch.doubtful
        try:
            found = await self._find(rows)
        except (MessengerBusy, MessengerUnavailable, MessengerDoubtful) as error:
            sent_at = min(self._sent_at[row.id] for row in rows)
            if self._clock.monotonic() < sent_at + LOOK_FOR.total_seconds():
                if isinstance(error, MessengerBusy):
                    await self.setbacks.doubted(batch, error.retry_after, reason=BUSY)
                else:
                    await self.setbacks.doubted(batch)
                return
            found = None
        if found:
            await self._cross_off(rows, redraw=True)
        elif found is None and self._doubt is Doubt.HOLD:
            await self.setbacks.set_aside(rows, IN_DOUBT)
        else:
            again = found is None
            await self._store.save(
                *(replace(waiting(row), again=again or row.again, rehearsals=row.rehearsals) for row in rows)
            )

    async def _find(self, rows: Sequence[Notification]) -> str | None:
        """Return the message that tells these rows, "" when it is surely not there, None when we cannot look."""
        first, now = rows[0], self._clock.now()
        # What began in the future began before somebody set the clock back.
        since = min(now, *(row.started_at or row.created_at for row in rows))
        if first.digest:
            return await self._messenger.find(first.place, first.stamp, since=since)
        subscription = await self._store.subscription(first.place, first.key)
        if subscription is None:
            return ""
        if not subscription.card:
            card = await self._messenger.find(first.place, first.stamp, since=since)
            if not card:
                return card
            subscription = await self._standing.keep_card(subscription, card)
        if not any(row.event for row in rows):
            return subscription.card
        return await self._messenger.find(first.place, first.stamp, thread=subscription.card, since=since)
