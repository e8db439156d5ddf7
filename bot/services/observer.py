"""The one way in for what was observed: observe, then save onto the revision it was observed from."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.changes import Change, not_known, observe
from bot.domain.errors import RevisionMoved
from bot.domain.parcel import ChannelSettings, Parcel, ParcelKey, Place, Report, Subscription
from bot.domain.records import Notification, notifications
from bot.ports import Clock, Record, Store

logger = logging.getLogger(__name__)
TRIES = 8
Rule = Callable[[Parcel], tuple[Parcel, Change | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amending:
    """How subscriptions change together with their parcel: that of one place, or all."""

    rule: Callable[[Subscription], Subscription]
    place: Place | None = None


class Observer:
    """Saves what was observed, with what is to be told of it, in one transaction."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def take_page(self, reports: Sequence[Report]) -> int:
        """Take in a page of reports with one save; return how many parcels changed.

        A parcel that somebody else saved meanwhile is observed again on its own. One that makes us stumble does not
        stop the others.
        """
        seen: list[tuple[Parcel, Report]] = []
        saved: list[Record] = []
        changed = 0
        for report in {report.key: report for report in reports}.values():
            for parcel in await self._store.parcels_of(report.key):
                if parcel.removed_at:
                    continue
                try:
                    after, change = observe(parcel, report, self._clock.now())
                except Exception:
                    logger.exception("a report could not be observed", extra={"number": report.key.number})
                    continue
                if after != parcel:
                    seen.append((parcel, report))
                    saved += [after, *await self._rows(change)]
                    changed += change is not None
        if not seen:
            return 0
        try:
            await self._store.save(*saved, onto=[parcel for parcel, _ in seen])
        except RevisionMoved:
            singly = [await self.take(parcel.workspace, report) for parcel, report in seen]
            changed = sum(change is not None for change in singly)
        if changed:
            self._wake()
        return changed

    async def take(self, workspace: str, report: Report, *, looked_at: datetime | None = None) -> Change | None:
        """Take in one report of one workspace's parcel; `looked_at` when the carrier itself was asked."""

        def after(parcel: Parcel) -> tuple[Parcel, Change | None]:
            seen, change = observe(parcel, report, self._clock.now())
            return (replace(seen, looked_at=looked_at) if looked_at else seen), change

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
        changed in it too, and the rows go to them; without it, to all who follow.

        Raises:
            RevisionMoved: others saved the parcel or a subscription at each of our tries.
        """
        for _ in range(TRIES):
            parcel = await self._store.parcel(workspace, key)
            if parcel is None or parcel.removed_at:
                return None
            after, change = rule(parcel)
            before, amended = await self._amended(parcel, amending)
            rows = await self._rows(change, amended if amending else None)
            try:
                await self._store.save(after, *amended, *rows, *also(after), onto=(parcel, *before))
            except RevisionMoved:
                continue
            self._wake()
            return change
        raise RevisionMoved(key.number)

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
