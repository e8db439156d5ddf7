"""The one way in for what was observed: observe, then save onto the revision it was observed from."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.changes import Change, not_known, observe
from bot.domain.errors import RevisionMoved
from bot.domain.parcel import ChannelSettings, Parcel, ParcelKey, Place, Report, Subscription
from bot.domain.records import Notification, notifications
from bot.domain.reports import Reports
from bot.ports import Clock, Record, Store

logger = logging.getLogger(__name__)
TRIES = 8
_BREATH = 5  # reports read until others get the loop: a few milliseconds
Rule = Callable[[Parcel], tuple[Parcel, Change | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amending:
    """How subscriptions change together with their parcel: that of one place, or all."""

    rule: Callable[[Subscription], Subscription]
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A report as it was observed, and what is to be saved of it."""

    report: Report
    before: Parcel
    after: Parcel
    rows: Sequence[Notification]
    is_news: bool


class Observer:
    """Saves what was observed, with what is to be told of it, in one transaction."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[..., None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def take_page(self, reports: Reports) -> int:
        """Take in a page of the list with one save; return how many parcels changed.

        Only the reports that are unlike what we know are read. A parcel that somebody else saved meanwhile is observed
        again on its own. One that makes us stumble does not stop the others.
        """
        taken: list[_Taken] = []
        for at, key in enumerate(await self._store.unlike(reports.seen)):
            if at % _BREATH == 0:
                await asyncio.sleep(0)  # others want the loop, too
            if report := reports.read(key):
                taken += await self._taken(report)
        return await self._save(taken)

    async def _taken(self, report: Report) -> list[_Taken]:
        """Observe a report in every workspace that knows its parcel; return what is to be saved."""
        taken = []
        for parcel in await self._store.parcels_of(report.key):
            if parcel.removed_at:
                continue
            try:
                after, change = observe(parcel, report, self._clock.now())
            except Exception:
                logger.exception("a report could not be observed", extra={"number": report.key.number})
                continue
            if after != parcel:
                rows = await self._rows(change)
                taken.append(_Taken(report=report, before=parcel, after=after, rows=rows, is_news=change is not None))
        return taken

    async def _save(self, taken: Sequence[_Taken]) -> int:
        """Save what was observed, in one go; return how many parcels changed."""
        if not taken:
            return 0
        saved: list[Record] = [one.after for one in taken]
        saved += [row for one in taken for row in one.rows]
        try:
            await self._store.save(*saved, onto=[one.before for one in taken])
        except RevisionMoved:
            singly = [await self.take(one.before.workspace, one.report) for one in taken]
            return sum(change is not None for change in singly)
        self._wake_for(saved)
        return sum(one.is_news for one in taken)

    async def take(self, workspace: str, report: Report, *, looked_at: datetime | None = None) -> Change | None:
        """Take in one report of one workspace's parcel; `looked_at` when the carrier itself was asked.

        Then the cards are redrawn even without news: they say as of when it is so.
        """

        def after(parcel: Parcel) -> tuple[Parcel, Change | None]:
            seen, change = observe(parcel, report, self._clock.now())
            if looked_at is None:
                return seen, change
            # A revision of its own: its row must not take the place of one that is being told.
            seen = replace(seen, looked_at=looked_at, revision=parcel.revision + 1)
            return seen, change or Change(parcel=seen, before=parcel.shown_status)

        return await self.change(workspace, report.key, after)

    async def take_missing(self, workspace: str, key: ParcelKey) -> Change | None:
        """Take in that the provider does not know the parcel."""
        return await self.change(workspace, key, lambda parcel: not_known(parcel, self._clock.now()))

    async def change(
        self,
        workspace: str,
        key: ParcelKey,
        rule: Rule,
        *,
        also: Callable[[Parcel], Sequence[Record]] = lambda _: (),
        amending: Amending | None = None,
    ) -> Change | None:
        """Save what the rule makes of the parcel as it is stored now, with the rows to be told.

        `also` names what is saved in the same transaction. With `amending`, the subscriptions of these places are
        changed in it too, and the rows go to them; without it, to all who follow. The next page of the list is then
        read whatever it says of the parcel: it may mean something else now.

        Raises:
            RevisionMoved: others saved the parcel or a subscription at each of our tries.
        """
        for _ in range(TRIES):
            parcel = await self._store.parcel(workspace, key)
            if parcel is None or parcel.removed_at:
                return None
            after, change = rule(parcel)
            after = replace(after, fingerprint=0)
            before, amended = await self._amended(parcel, amending)
            rows = await self._rows(change, amended if amending else None)
            saved: list[Record] = [after, *amended, *rows, *also(after)]
            try:
                await self._store.save(*saved, onto=(parcel, *before))
            except RevisionMoved:
                continue
            self._wake_for(saved)
            return change
        raise RevisionMoved(key.number)

    def _wake_for(self, saved: Sequence[Record]) -> None:
        """Have the outbox look where something is to be told."""
        if places := {one.place for one in saved if isinstance(one, Notification)}:
            self._wake(*places)

    async def _amended(
        self, parcel: Parcel, amending: Amending | None
    ) -> tuple[list[Subscription], list[Subscription]]:
        """Return the subscriptions to be changed as they are stored, and as they are to be."""
        if amending is None:
            return [], []
        stored = await self._store.followers(parcel.workspace, parcel.key)
        before = [one for one in stored if amending.place in {None, one.place}]
        return before, [amending.rule(one) for one in before]

    async def followers(self, parcel: Parcel) -> list[tuple[Subscription, ChannelSettings]]:
        """Return the active subscriptions of a parcel, each with its channel's settings."""
        return [
            (subscription, await self._store.settings(subscription.place))
            for subscription in await self._store.followers(parcel.workspace, parcel.key)
            if subscription.active
        ]

    async def _rows(self, change: Change | None, told_to: Sequence[Subscription] | None = None) -> list[Notification]:
        if change is None:
            return []
        if told_to is None:
            followers = await self.followers(change.parcel)
        else:
            followers = [(one, await self._store.settings(one.place)) for one in told_to]
        return notifications(change, followers, self._clock.now())
