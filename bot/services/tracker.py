"""What people ask for: follow, find, mark, refresh, archive, delete."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.domain import changes
from bot.domain.carriers import Carrier
from bot.domain.changes import Change
from bot.domain.errors import InDoubt, Missing, NotFollowed, ProviderError
from bot.domain.parcel import ChannelSettings, Mark, NewParcel, Parcel, ParcelKey, Place, Quota, Subscription
from bot.domain.references import matches
from bot.domain.status import Aloud, Event, Preset, Status
from bot.ports import Clock, Messenger, Provider, Store
from bot.services.account import Account
from bot.services.amend import amend
from bot.services.following import Following
from bot.services.marks import both, settled
from bot.services.observer import Amending, Observer
from bot.services.purchases import CREATES_A_DAY, LOOK_AGAIN_AFTER, Purchases, is_doubtful
from bot.services.results import Acted, ArchivedHere, Followed, Here, NothingToRestore, Refreshed
from bot.services.turns import Turns


class Tracker:
    """Does what people ask for, each act once."""

    def __init__(
        self,
        *,
        store: Store,
        provider: Provider,
        messenger: Messenger,
        clock: Clock,
        observer: Observer,
        wake: Callable[..., None],
        creates_a_day: int = CREATES_A_DAY,
        reserve: int = 0,
    ) -> None:
        self._store = store
        self._provider = account = Account(provider, store, clock)
        self._clock = clock
        self._observer = observer
        self._wake = wake
        self._purchases = Purchases(store=store, account=account, clock=clock, a_day=creates_a_day, reserve=reserve)
        self._following = Following(
            store=store,
            provider=account,
            messenger=messenger,
            clock=clock,
            observer=observer,
            purchases=self._purchases,
        )
        self._turns = Turns()

    @property
    def spent(self) -> int | None:
        """How often this process may have spent quota on purpose; None while it may be spending some."""
        return self._purchases.spent

    async def follow(
        self, new: NewParcel, place: Place, *, by: str, title: str = "", order: str = "", person: str = ""
    ) -> Followed:
        """Have the place follow the parcel.

        Raises:
            NotHere: the bot cannot post in this place; nothing was added.
            ProviderError: the provider refused or is away; nothing was added.
        """
        now = self._clock.now()
        wish = Subscription(
            place=place, key=new.key, added_by=by, added_at=now, title=title, order=order, person=person
        )
        async with self._turns.of((place.workspace, new.key)):
            followed = await self._following.follow(new, wish)
        self._wake(place)
        return followed

    async def here(self, place: Place) -> Sequence[Here]:
        """Return what the place follows or has archived, oldest first."""
        found = []
        for subscription in await self._store.subscriptions(place):
            parcel = await self._store.parcel(place.workspace, subscription.key)
            if parcel and not parcel.removed_at:
                found.append(Here(parcel=parcel, subscription=subscription))
        return found

    async def find(self, place: Place, reference: str) -> Sequence[Here]:
        """Return what fits the reference in this place: the active ones, else the archived ones.

        Raises:
            NotFollowed: nothing fits.
        """
        everything = await self.here(place)
        fitting = matches(reference, [(one.parcel, one.subscription) for one in everything])
        found = [one for one in everything if one.subscription.id in fitting]
        if not found:
            raise NotFollowed(reference)
        return [one for one in found if one.subscription.active] or found

    # ── acting ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def mark(self, place: Place, key: ParcelKey, status: Status, *, by: str, note: str = "") -> Acted:
        """Set a status by hand, at the provider and here.

        Raises:
            ArchivedHere: the place has archived it.
            InDoubt: nobody knows whether the provider took it; a round settles that by reading.
            ProviderError: the provider refused; nothing was changed.
        """
        async with self._turns.of((place.workspace, key)):
            here = await self._active(place, key)
            stands = here.parcel.mark if here.parcel.mark and not here.parcel.mark.under_way else None
            if stands and stands.status is status:
                return Acted(parcel=here.parcel, subscription=here.subscription, already=True)
            # It stands before the provider is asked: a sweep in between must not take its echo for the carrier's.
            mark = Mark(status=status, by=by, at=self._clock.now(), note=note, under_way=True, instead_of=stands)
            await self._observer.change(
                place.workspace, key, lambda parcel: (replace(parcel, mark=mark, must_read=True), None)
            )
            try:
                await self._told_provider(here.parcel, status)
            except ProviderError as error:
                if is_doubtful(error) and await self._was_taken(place, key, error):
                    return Acted(parcel=await self._again(here.parcel), subscription=here.subscription)
                await self._observer.change(
                    place.workspace, key, lambda parcel: (replace(parcel, mark=stands, must_read=True), None)
                )
                raise
            await self._observer.change(
                place.workspace, key, lambda parcel: both(changes.marked(parcel, mark, now=self._clock.now()))
            )
            await self._reread(here.parcel)
        return Acted(parcel=await self._again(here.parcel), subscription=here.subscription)

    async def restore(self, place: Place, key: ParcelKey, *, by: str) -> Acted:
        """Give the parcel back the carrier's own status (the provider's status 8).

        Raises:
            NothingToRestore: no mark stands; the provider was not asked.
        """
        async with self._turns.of((place.workspace, key)):
            here = await self._active(place, key)
            if here.parcel.mark is None:
                raise NothingToRestore(here.subscription.label)
            await self._told_provider(here.parcel, None)
            await self._observer.change(
                place.workspace, key, lambda parcel: both(changes.restored(parcel, by=by, now=self._clock.now()))
            )
            await self._reread(here.parcel)
        return Acted(parcel=await self._again(here.parcel), subscription=here.subscription)

    async def refresh(self, place: Place, key: ParcelKey) -> Refreshed:
        """Have the provider ask the carrier now, unless it did within two hours."""
        async with self._turns.of((place.workspace, key)):
            here = await self._active(place, key)
            now = await self._provider.now()
            if here.parcel.looked_at and now - here.parcel.looked_at < LOOK_AGAIN_AFTER:
                return Refreshed(
                    parcel=here.parcel,
                    subscription=here.subscription,
                    looked_ago=now - here.parcel.looked_at,
                )
            try:
                report = await self._purchases.look(place.workspace, key, asked_by_person=True)
            except Missing:
                await self._observer.take_missing(place.workspace, key)
                raise
            change = await self._observer.take(place.workspace, report, looked_at=await self._provider.now())
        return Refreshed(
            parcel=await self._again(here.parcel),
            subscription=here.subscription,
            changed=bool(change and change.events),
        )

    async def archive(self, place: Place, key: ParcelKey, *, by: str) -> Acted:
        """End this place's subscription; when the last place leaves, archive it at the provider too."""
        async with self._turns.of((place.workspace, key)):
            here = await self._known(place, key)
            if not here.subscription.active:
                return Acted(parcel=here.parcel, subscription=here.subscription, already=True)
            if len(await self._observer.followers(here.parcel)) == 1:
                with suppress(Missing):  # what is no longer there needs no archive; the look that finds it gone says so
                    await self._provider.archive(key, archived=True)
            now = self._clock.now()
            return await self._save_act(
                here, lambda one: replace(one, archived_at=now, archived_by=by), Event.ARCHIVED, by
            )

    async def unarchive(self, place: Place, key: ParcelKey, *, by: str) -> Acted:
        """Take the parcel out of this place's archive; it costs nothing."""
        async with self._turns.of((place.workspace, key)):
            here = await self._known(place, key)
            if here.subscription.active:
                return Acted(parcel=here.parcel, subscription=here.subscription, already=True)
            if not await self._observer.followers(here.parcel):
                await self._purchases.unarchive(place.workspace, key)  # of what is gone, the next look says so
            acted = await self._save_act(
                here, lambda one: replace(one, archived_at=None, archived_by=""), Event.UNARCHIVED, by
            )
            await self._reread(here.parcel)
            return acted

    async def delete(self, place: Place, key: ParcelKey, *, by: str) -> Here:
        """Remove the parcel for everybody, at the provider and here; each place's card says who did it."""
        async with self._turns.of((place.workspace, key)):
            here = await self._known(place, key)
            await self._provider.delete(key)
            now = self._clock.now()

            def rule(parcel: Parcel) -> tuple[Parcel, Change]:
                parcel = replace(parcel, removed_at=now, revision=parcel.revision + 1)
                return parcel, Change(parcel=parcel, before=parcel.shown_status, events=(Event.DELETED,), by=by)

            left = Amending(rule=lambda one: replace(one, archived_at=one.archived_at or now))
            await self._observer.change(place.workspace, key, rule, amending=left)
        return here

    async def subscribe(
        self, place: Place, *, by: str, preset: Preset | None = None, aloud: Aloud | None = None
    ) -> ChannelSettings:
        """Set what the place hears of; what is not named stays."""

        def rule(stored: ChannelSettings) -> ChannelSettings:
            return replace(stored, preset=preset or stored.preset, aloud=aloud or stored.aloud, set_by=by)

        settings = await self._store.settings(place)
        if preset or aloud:
            settings = await amend(self._store, lambda: self._store.settings(place), rule) or settings
        return settings

    async def quota(self) -> Quota:
        """Return what the account has left; asking is free."""
        return await self._provider.quota()

    async def detect(self, number: str) -> Sequence[Carrier]:
        """Return the carriers that the provider thinks have this number; asking costs 0.2 of the quota."""
        async with self._turns.of(number):
            return await self._purchases.detect(number)

    # ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _known(self, place: Place, key: ParcelKey) -> Here:
        subscription = await self._store.subscription(place, key)
        parcel = await self._store.parcel(place.workspace, key)
        if subscription is None or parcel is None or parcel.removed_at:
            raise NotFollowed(key.number)
        return Here(parcel=parcel, subscription=subscription)

    async def _active(self, place: Place, key: ParcelKey) -> Here:
        here = await self._known(place, key)
        if not here.subscription.active:
            raise ArchivedHere(here.subscription, here.parcel)
        return here

    async def _again(self, parcel: Parcel) -> Parcel:
        return await self._store.parcel(parcel.workspace, parcel.key) or parcel

    async def _told_provider(self, parcel: Parcel, status: Status | None) -> None:
        try:
            await self._provider.mark(parcel.key, status)
        except Missing:
            await self._observer.take_missing(parcel.workspace, parcel.key)
            raise

    async def _was_taken(self, place: Place, key: ParcelKey, error: ProviderError) -> bool:
        """Read once what became of a mark whose answer was lost. Raises `InDoubt`."""
        try:
            report = await self._provider.report(key, asked_by_person=True)
        except ProviderError:
            raise InDoubt(error.detail(), way_on="I keep looking, and the card shows it if it did.") from error
        now = self._clock.now()
        return await self._observer.change(place.workspace, key, lambda one: settled(one, report, now)) is not None

    async def _reread(self, parcel: Parcel) -> None:
        """Read the parcel again after an act, since the answer to an act is no report."""
        try:
            report = await self._provider.report(parcel.key, asked_by_person=True)
        except ProviderError:
            await self._observer.change(parcel.workspace, parcel.key, lambda one: (replace(one, must_read=True), None))
            return
        await self._observer.take(parcel.workspace, report)

    async def _save_act(self, here: Here, rule: Callable[[Subscription], Subscription], event: Event, by: str) -> Acted:
        place, key = here.subscription.place, here.parcel.key

        def act(parcel: Parcel) -> tuple[Parcel, Change]:
            parcel = replace(parcel, revision=parcel.revision + 1)
            return parcel, Change(parcel=parcel, before=parcel.shown_status, events=(event,), by=by)

        await self._observer.change(place.workspace, key, act, amending=Amending(rule=rule, place=place))
        return Acted(parcel=await self._again(here.parcel), subscription=rule(here.subscription))
